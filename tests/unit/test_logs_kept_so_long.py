"""How long a folder keeps logs, what it forgets of killed receivers, and what it knows of a file without its record."""

import asyncio
import os
import time
from hashlib import sha256
from pathlib import Path

from ocppdiag_uploads.folder import DAY, INCOMING, REMAINS_SECONDS, FolderStore
from ocppdiag_uploads.store import RECORDS, StoredFile


async def put(store: FolderStore, command_id: str, body: bytes = b"log") -> StoredFile:
    async with store.incoming("CS-1", command_id) as incoming:
        await incoming.write(body)
        return await incoming.finish()


def aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_what_is_old_goes_with_its_record_and_the_rest_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for command_id in ("old", "new"):
        await put(store, command_id)
    aged(tmp_path / "CS-1" / "old.log", 3 * DAY + 60)
    aged(tmp_path / "CS-1" / "new.log", 3 * DAY - 60)
    assert store.forget(None) == 0
    assert len(names(tmp_path)) == 4, "without a time it is kept for ever"
    assert store.forget(3) == 1
    assert names(tmp_path) == [f"{RECORDS}/CS-1/new.json", "CS-1/new.log"]
    assert await store.find("CS-1", "old") is None
    assert [file.command_id async for file in store.files()] == ["new"]


async def test_what_is_on_its_way_is_not_touched_however_long_it_takes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    async with store.incoming("CS-1", "slow") as incoming:
        (on_its_way,) = (tmp_path / INCOMING).iterdir()
        aged(on_its_way, REMAINS_SECONDS - 60)
        assert store.forget(0.001) == 0
        await incoming.write(b"log")
        stored = await incoming.finish()
    assert await store.find("CS-1", "slow") == stored


async def test_what_a_killed_receiver_left_goes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.check()
    left = tmp_path / INCOMING / "left"
    left.write_bytes(b"half a l")
    aged(left, REMAINS_SECONDS + 60)
    store.forget(None)
    assert names(tmp_path) == []


async def test_several_receivers_may_forget_at_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for number in range(200):
        await put(store, f"c{number}")
        aged(tmp_path / "CS-1" / f"c{number}.log", 2 * DAY)
    counts = await asyncio.gather(*(asyncio.to_thread(FolderStore(tmp_path).forget, 1) for _ in range(4)))
    assert sum(counts) == 200, "each is counted by the one that deleted it"
    assert names(tmp_path) == []


async def test_a_file_without_its_record_is_read_for_what_is_in_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    stored = await put(store, "c1", b"whole")
    (tmp_path / RECORDS / "CS-1" / "c1.json").unlink()
    assert await store.find("CS-1", "c1") == stored
    for broken in (b"{half a rec", (tmp_path / "CS-1" / "c1.log").read_bytes(), b'{"station":"\xff"}'):
        (tmp_path / RECORDS / "CS-1" / "c1.json").write_bytes(broken)
        assert await store.find("CS-1", "c1") == stored
    assert stored.sha256 == sha256(b"whole").hexdigest()
