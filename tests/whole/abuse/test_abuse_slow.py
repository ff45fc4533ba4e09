"""Those who connect and never say a whole word: they are gone in ten seconds, and stations come in meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
import pytest_asyncio
from edge import Edge, basic, edge
from outages import until
from websockets.asyncio.server import ServerConnection, serve

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_gateway.arrival import Lobby
from ocppdiag_local.services import Services

HALF = b"GET /CS-1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with edge(services, tmp_path_factory.mktemp("door")) as made:
        yield made


async def end_of(reader: asyncio.StreamReader) -> float:
    """When the other end has had enough."""
    with suppress(ConnectionError):
        assert await reader.read() == b""
    return time.monotonic()


async def half_open(port: int, words: bytes = HALF) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    return reader, writer


async def late_after_tls(door: Edge) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Through with TLS, of which the time of the rest is not to begin anew."""
    reader, writer = await half_open(door.tls_port, b"")
    await asyncio.sleep(4)
    await writer.start_tls(door.client(), server_hostname="localhost")
    return reader, writer


@pytest.mark.abuse(
    "12 two thousand half handshakes (slowloris)",
    "each is closed 10 s after it came, with TLS too; a station comes in within 2 s meanwhile",
)
async def test_half_a_handshake_has_ten_seconds_and_keeps_nobody_out(door: Edge, name: str) -> None:
    headers = basic(name, await door.made.password(name))
    began = time.monotonic()
    kinds = [
        (door.plain_port, HALF),
        (door.plain_port, b""),
        (door.tls_port, b"\x16\x03\x01"),
        (door.tls_port, b""),
    ]
    opened = [await half_open(*kinds[number % len(kinds)]) for number in range(2000)]
    opened.append(await late_after_tls(door))
    last = time.monotonic()
    ends = asyncio.gather(*(end_of(reader) for reader, _ in opened))
    for tls in (None, door.client()):
        asked = time.monotonic()
        scheme, port = ("https", door.tls_port) if tls else ("http", door.plain_port)
        if tls:
            headers = basic(f"{name}-tls", await door.register(f"{name}-tls", SecurityProfile.TLS_BASIC))
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls or True)) as session,
            session.ws_connect(
                f"{scheme}://localhost:{port}/{name}{'-tls' if tls else ''}",
                headers=headers,
                protocols=["ocpp2.0.1"],
            ) as socket,
        ):
            await socket.send_str('[2,"1","Heartbeat",{}]')
            assert (await socket.receive_json(timeout=10))[:2] == [3, "1"]
        assert time.monotonic() - asked < 2
    closed = await asyncio.wait_for(ends, 20)
    assert min(closed) - began > 9
    assert max(closed[:-1]) - last < 12
    assert closed[-1] - last < 8  # 4 of its 10 s went to TLS
    for _, writer in opened:
        writer.transport.abort()
    await until(lambda: door.made.said("handshakes_unfinished"))
    (line,) = door.made.said("handshakes_unfinished")
    assert line["late"] == 1001  # who has not even begun with TLS is the loop's, which tells nobody


async def test_when_too_many_are_half_way_in_the_one_that_waits_longest_goes() -> None:
    async def serve_one(socket: ServerConnection) -> None:
        await socket.wait_closed()

    lobby = Lobby(room=5)
    async with serve(serve_one, "127.0.0.1", 0, create_connection=lobby.connection()) as server:
        port = server.sockets[0].getsockname()[1]
        opened = []
        for _ in range(8):
            opened.append(await half_open(port))
            await asyncio.sleep(0.01)
        ends = [asyncio.create_task(end_of(reader)) for reader, _ in opened]
        await asyncio.wait(ends[:3], timeout=2)
        assert [end.done() for end in ends] == [True] * 3 + [False] * 5
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.ws_connect(f"http://127.0.0.1:{port}/") as socket:
                    assert not socket.closed
        assert [end.done() for end in ends] == [True] * 4 + [False] * 4  # who is in counts no more
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.gather(*ends)
