"""What is changed between a receiver and its bucket does not count, and the receiver hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from buckets import BucketServer, bucket
from yarl import URL

from ocppdiag_uploads.bucket import PART, BucketStore
from ocppdiag_uploads.store import StoreError

MARK, CHANGED = b"<this is what came>", b"<this is what cane>"


@asynccontextmanager
async def changing(endpoint: str) -> AsyncIterator[str]:
    """A way to the server on which one letter is changed."""
    url = URL(endpoint)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection(url.host, url.port)
        await asyncio.gather(copy(reader, to, change=True), copy(there, writer, change=False))

    async def copy(source: asyncio.StreamReader, into: asyncio.StreamWriter, *, change: bool) -> None:
        try:
            while piece := await source.read(2**16):
                into.write(piece.replace(MARK, CHANGED) if change else piece)
                await into.drain()
        except ConnectionError:
            pass
        finally:
            into.close()

    server = await asyncio.start_server(through, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def put(store: BucketStore, command_id: str, body: bytes) -> None:
    async with store.incoming("CS-1", command_id) as incoming:
        await incoming.write(body)
        await incoming.finish()


@pytest.mark.parametrize("size", [0, PART])
async def test_what_was_changed_on_its_way_is_refused_and_nothing_of_it_stays(
    bucket_server: BucketServer, size: int
) -> None:
    async with changing(bucket_server.endpoint) as endpoint:
        store = bucket(bucket_server, f"changed{size}", AWS_ENDPOINT_URL=endpoint)
        await put(store, "good", bytes(size) + CHANGED)
        with pytest.raises(StoreError):
            await put(store, "bad", bytes(size) + MARK)
    objects = bucket_server.objects(f"changed{size}")
    assert len(objects) == 2
    assert "bad" not in str(objects)
    assert bucket_server.parts_under_way() == 0
