"""What every place for logs does, a folder and a bucket of a real server alike."""

import asyncio
import os
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest
from buckets import BucketServer, bucket

from ocppdiag_uploads.bucket import PART
from ocppdiag_uploads.folder import FolderStore
from ocppdiag_uploads.store import RECORDS, AlreadyStoredError, Store, StoredFile

LARGE = 3 * PART + 12_345
CHUNK = 2**18


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, Callable[[], list[str]]]:
    """A store, and a look at all that lies in it."""
    if request.param == "folder":

        def files() -> list[str]:
            found = (path for path in tmp_path.rglob("*") if path.is_file())
            return sorted(str(path.relative_to(tmp_path)) for path in found)

        return FolderStore(tmp_path), files
    server: BucketServer = request.getfixturevalue("bucket_server")
    prefix = f"t{crc32(request.node.nodeid.encode())}"
    return bucket(server, prefix), lambda: server.objects(prefix)


Place = tuple[Store, Callable[[], list[str]]]


async def put(store: Store, station: str, command_id: str, body: bytes) -> StoredFile:
    async with store.incoming(station, command_id) as incoming:
        for begin in range(0, len(body), CHUNK):
            await incoming.write(body[begin : begin + CHUNK])
        assert incoming.size == len(body)
        return await incoming.finish()


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, LARGE])
async def test_what_came_is_what_is_there(place: Place, size: int) -> None:
    store, look = place
    body = os.urandom(size)
    stored = await put(store, "CS-1", "c1", body)
    assert (stored.station, stored.command_id, stored.size) == ("CS-1", "c1", size)
    assert stored.sha256 == sha256(body).hexdigest()
    assert abs(stored.at - time.time()) < 10
    assert await store.find("CS-1", "c1") == stored
    assert b"".join([chunk async for chunk in store.read(stored)]) == body
    assert store.location(stored).endswith(stored.name)
    assert look() == [f"{RECORDS}/CS-1/c1.json", stored.name]


async def test_what_comes_in_single_bytes_is_whole_and_costs_hardly_more_memory_than_its_size(
    place: Place,
) -> None:
    store, _ = place
    drops, rest = os.urandom(2**17), os.urandom(PART)
    async with store.incoming("CS-1", "c1") as incoming:
        tracemalloc.start()
        try:
            for byte in drops:
                await incoming.write(bytes((byte,)))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        await incoming.write(rest)
        for byte in drops:
            await incoming.write(bytes((byte,)))
        stored = await incoming.finish()
    assert most < 4 * len(drops)
    body = drops + rest + drops
    assert (stored.size, stored.sha256) == (len(body), sha256(body).hexdigest())
    assert b"".join([chunk async for chunk in store.read(stored)]) == body


async def test_nothing_is_found_where_nothing_is(place: Place) -> None:
    store, look = place
    await store.check()
    assert await store.find("CS-1", "c1") is None
    assert [file async for file in store.files()] == []
    assert look() == []


@pytest.mark.parametrize("size", [3, LARGE])
async def test_of_several_at_once_exactly_one_is_stored(place: Place, size: int) -> None:
    store, look = place
    bodies = [os.urandom(size) for _ in range(4)]
    results = await asyncio.gather(
        *(put(store, "CS-1", "c1", body) for body in bodies), return_exceptions=True
    )
    (stored,) = [result for result in results if isinstance(result, StoredFile)]
    assert sum(isinstance(result, AlreadyStoredError) for result in results) == 3
    assert await store.find("CS-1", "c1") == stored
    assert b"".join([chunk async for chunk in store.read(stored)]) == bodies[results.index(stored)]
    assert look() == [f"{RECORDS}/CS-1/c1.json", stored.name], "the others left nothing"


async def test_a_second_file_is_refused_and_the_first_stays(place: Place) -> None:
    store, _ = place
    stored = await put(store, "CS-1", "c1", b"first")
    with pytest.raises(AlreadyStoredError):
        await put(store, "CS-1", "c1", b"second")
    assert await store.find("CS-1", "c1") == stored
    assert b"".join([chunk async for chunk in store.read(stored)]) == b"first"


@pytest.mark.parametrize("size", [0, 3, LARGE])
async def test_what_breaks_off_leaves_nothing(
    place: Place, request: pytest.FixtureRequest, size: int
) -> None:
    store, look = place
    with suppress(ConnectionError):
        async with store.incoming("CS-1", "c1") as incoming:
            for _ in range(0, size, CHUNK):
                await incoming.write(bytes(CHUNK))
            raise ConnectionError
    assert look() == []
    assert await store.find("CS-1", "c1") is None
    if "bucket" in request.node.name:
        assert request.getfixturevalue("bucket_server").parts_under_way() == 0
    assert await put(store, "CS-1", "c1", b"again")


async def test_all_files_are_listed_or_those_of_a_station(place: Place) -> None:
    store, _ = place
    names = ["CS-1", "CS-10", "a|b =x@*.+", "CS"]
    stored = [await put(store, name, f"c{number}", b"x") for name in names for number in range(7)]

    def ordered(files: list[StoredFile]) -> list[StoredFile]:
        return sorted(files, key=lambda file: (file.station, file.command_id))

    assert ordered([file async for file in store.files()]) == ordered(stored)
    for name in names:
        expected = [file for file in stored if file.station == name]
        assert ordered([file async for file in store.files(name)]) == expected
    assert [file async for file in store.files("CS-2")] == []
