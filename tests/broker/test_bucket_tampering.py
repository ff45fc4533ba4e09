"""A bucket that does not do what it should: what was changed on its way does not count, and one that overwrites is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from buckets import BucketServer, bucket
from yarl import URL

from ocppdiag_uploads.bucket import PART, BucketStore
from ocppdiag_uploads.store import StoreError

MARK, CHANGED = b"<this is what came>", b"<this is what cane>"
REFUSED, TAKEN = b"HTTP/1.1 412 Precondition Failed\r\n", b'HTTP/1.1 200 OK\r\nETag: "0"\r\n'


@asynccontextmanager
async def changing(endpoint: str, this: bytes, into_that: bytes) -> AsyncIterator[str]:
    """A way to the server and back on which something is changed."""
    url = URL(endpoint)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection(url.host, url.port)
        await asyncio.gather(copy(reader, to), copy(there, writer))

    async def copy(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(2**16):
                into.write(piece.replace(this, into_that))
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
    async with changing(bucket_server.endpoint, MARK, CHANGED) as endpoint:
        store = bucket(bucket_server, f"changed{size}", AWS_ENDPOINT_URL=endpoint)
        await put(store, "good", bytes(size) + CHANGED)
        with pytest.raises(StoreError):
            await put(store, "bad", bytes(size) + MARK)
    objects = bucket_server.objects(f"changed{size}")
    assert len(objects) == 2
    assert "bad" not in str(objects)
    assert bucket_server.parts_under_way() == 0


async def test_a_bucket_that_would_make_a_record_twice_is_refused_at_the_start(
    bucket_server: BucketServer,
) -> None:
    await bucket(bucket_server, "once").check()
    await bucket(bucket_server, "once").check()
    async with changing(bucket_server.endpoint, REFUSED, TAKEN) as endpoint:
        for prefix in ("once", "new"):
            with pytest.raises(StoreError, match="does not know If-None-Match"):
                await bucket(bucket_server, prefix, AWS_ENDPOINT_URL=endpoint).check()
