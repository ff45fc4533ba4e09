"""An engineer at a terminal looks which logs are kept, in a folder or a bucket, and fetches one."""

import asyncio
import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest
from buckets import BUCKET, BucketServer, bucket
from engineer import Environment, both, environment
from typer.testing import CliRunner

from ocppdiag_local.logs import logs as kept_logs
from ocppdiag_uploads.bucket import PART
from ocppdiag_uploads.folder import FolderStore
from ocppdiag_uploads.store import Store, StoredFile

Kept = tuple[Store, Environment, Callable[[StoredFile, bytes], None]]
LOG = os.urandom(PART + 77)


@pytest.fixture(params=["folder", "bucket", "served"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A store, a terminal that knows of it, and a hand that changes what is in it."""
    if request.param == "bucket":
        server: BucketServer = request.getfixturevalue("bucket_server")
        prefix = f"t{crc32(request.node.nodeid.encode())}"
        terminal = {
            **environment(tmp_path),
            **server.variables,
            "OCPPDIAG_UPLOAD_BUCKET": f"s3://{BUCKET}/{prefix}",
        }

        def overwrite(file: StoredFile, body: bytes) -> None:
            server.admin(prefix).put(file.name, body)

        return bucket(server, prefix), terminal, overwrite
    folder = tmp_path / "data" / "logs"
    terminal = environment(folder.parent)  # what `serve` keeps is found without a word
    if request.param == "folder":
        terminal = {**environment(tmp_path / "nothing"), "OCPPDIAG_UPLOAD_FOLDER": str(folder)}

    def rewrite(file: StoredFile, body: bytes) -> None:
        times = (folder / file.name).stat()
        (folder / file.name).write_bytes(body)
        os.utime(folder / file.name, ns=(times.st_atime_ns, times.st_mtime_ns))

    return FolderStore(folder), terminal, rewrite


async def put(store: Store, station: str, command_id: str, body: bytes) -> StoredFile:
    async with store.incoming(station, command_id) as incoming:
        await incoming.write(body)
        return await incoming.finish()


async def logs(terminal: Environment, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What the command prints and what it complains of, without a process of its own: most of that is its start."""
    done = await asyncio.to_thread(CliRunner(env=terminal).invoke, kept_logs, [*arguments])
    assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr)
    return done.stdout, done.stderr


async def test_as_a_process_it_ends_in_order(tmp_path: Path, bucket_server: BucketServer) -> None:
    await put(bucket(bucket_server, "process"), "CS-1", "c1", LOG)
    terminal = {**environment(tmp_path), **bucket_server.variables}
    place = ("--bucket", f"s3://{BUCKET}/process")
    into = tmp_path / "it.log"
    ends = (("list", *place, "--json"), ("get", "CS-1", "c1", *place, "--to", str(into)))
    outputs = await asyncio.gather(*(asyncio.to_thread(both, terminal, "logs", *end) for end in ends))
    assert json.loads(outputs[0][0])["sha256"] == sha256(into.read_bytes()).hexdigest()


async def test_kept_logs_are_listed_and_fetched_whole(kept: Kept, tmp_path: Path) -> None:
    store, terminal, _ = kept
    place = terminal.get("OCPPDIAG_UPLOAD_BUCKET") or tmp_path / "data" / "logs"
    assert (await logs(terminal, "list"))[0] == f"no log is kept in {place}\n"
    first = await put(store, "CS-1", "c1", b"log")
    second = await put(store, "CS-2", "c2", LOG)
    rows = [json.loads(line) for line in (await logs(terminal, "list", "--json"))[0].splitlines()]
    assert [(row["station"], row["command_id"], row["size"], row["sha256"]) for row in rows] == [
        ("CS-1", "c1", 3, sha256(b"log").hexdigest()),
        ("CS-2", "c2", len(LOG), sha256(LOG).hexdigest()),
    ]
    assert [row["location"] for row in rows] == [store.location(first), store.location(second)]
    shown, _ = await logs({**terminal, "COLUMNS": "200"}, "list", "CS-2")
    assert "CS-1" not in shown
    assert second.command_id in shown
    assert "5.2 MB" in shown

    into = tmp_path / "fetched.log"
    _, said = await logs(terminal, "get", "CS-2", "c2", "--to", str(into))
    assert into.read_bytes() == LOG
    assert second.sha256 in said
    printed, _ = await logs(terminal, "get", "CS-1", "c1", "--to", "-")
    assert printed == "log"


async def test_a_log_goes_into_a_folder_under_its_own_name_and_into_nothing_else_s_place(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, terminal, _ = kept
    await put(store, "CS-1", "c1", b"log")
    here = tmp_path / "here"
    (here / "there").mkdir(parents=True)
    others = here / "c1.log.part"
    others.write_bytes(b"somebody else's")
    monkeypatch.chdir(here)
    for to, into in ((), "c1.log"), (("--to", "."), "c1.log"), (("--to", "there"), "there/c1.log"):
        place = here / into
        place.write_bytes(b"an older one is replaced")
        _, said = await logs(terminal, "get", "CS-1", "c1", *to)
        assert said.startswith(f"{into}: ")
        assert place.read_bytes() == b"log"
    assert {file.name for file in here.iterdir()} == {"c1.log", "there", others.name}
    assert others.read_bytes() == b"somebody else's"


async def test_what_is_not_what_came_is_no_file(kept: Kept, tmp_path: Path) -> None:
    store, terminal, change = kept
    change(await put(store, "CS-1", "c1", b"what came"), b"what cane")
    folder = tmp_path / "into"
    folder.mkdir()
    _, complaint = await logs(terminal, "get", "CS-1", "c1", "--to", str(folder / "it.log"), code=1)
    assert complaint == "logs: what is kept is not what came from the station: its SHA-256 is another\n"
    assert list(folder.iterdir()) == []


async def test_what_is_not_there_is_a_sentence(kept: Kept) -> None:
    _, terminal, _ = kept
    assert (await logs(terminal, "get", "CS-1", "c1", code=1))[1] == "logs: there is no log of CS-1 for c1\n"
    both_places = ("--folder", "logs", "--bucket", "s3://logs")
    assert "either a folder or a bucket" in (await logs(terminal, "list", *both_places, code=2))[1]


async def test_the_place_that_is_typed_goes_before_the_one_in_the_environment(tmp_path: Path) -> None:
    await put(FolderStore(tmp_path / "logs"), "CS-1", "c1", b"log")
    here = {**environment(tmp_path), "OCPPDIAG_UPLOAD_FOLDER": str(tmp_path / "logs")}
    there = {
        **environment(tmp_path),
        "OCPPDIAG_UPLOAD_BUCKET": "s3://logs",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    assert "c1" in (await logs(there, "list", "--folder", str(tmp_path / "logs")))[0]
    assert (await logs(here | there, "list", "--bucket", "s3://logs", code=1))[1] == "logs: no answer\n"
    assert "either a folder or a bucket" in (await logs(here | there, "list", code=2))[1]


async def test_a_bucket_that_cannot_be_used_is_a_sentence(
    tmp_path: Path, bucket_server: BucketServer
) -> None:
    wrong = {**environment(tmp_path), **bucket_server.variables, "AWS_SECRET_ACCESS_KEY": "another"}
    listing = ("list", "--bucket", f"s3://{BUCKET}/x")
    assert (await logs(wrong, *listing, code=1))[1] == "logs: SignatureDoesNotMatch\n"
    away = {**wrong, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert (await logs(away, *listing, code=1))[1] == "logs: no answer\n"
    unknown = {**wrong, "AWS_CONDITIONAL_PUT": "another"}
    sentence = "the bucket logs cannot be used: an AWS_ variable is missing or wrong (S3PutConditional)"
    assert (await logs(unknown, *listing, code=1))[1] == f"logs: {sentence}\n"
