"""A private Redis server as a child process on 127.0.0.1."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ocppdiag_local import answer, ports
from ocppdiag_local.leash import leashed


@contextmanager
def server(program: str, folder: Path, *, durable: bool, hold: Sequence[int] = ()) -> Iterator[str]:
    """Run a server that keeps everything in the folder; yields its URL once it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = ports.free(1)
    log = folder / "redis.log"
    log.write_bytes(b"")  # only the last run is of interest
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    command += ["--appendonly", "yes" if durable else "no", "--appendfsync", "everysec"]
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder)}
    with leashed(command, env=env, log=log, hold=hold) as process:
        url = f"redis://127.0.0.1:{port}/0"
        answer.wait(answer.redis, url, within=60, process=process, log=log)
        yield url
