"""The way that the nemesis cuts, slows and leads elsewhere does just that."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest_asyncio
from wire import Wire

from ocppdiag_local import ports


class Echo:
    """A server that says its name, then repeats what it hears."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._name)
        while data := await reader.read(1024):
            writer.write(data)
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def echoes() -> AsyncIterator[tuple[Echo, Echo]]:
    both = Echo(b"A"), Echo(b"B")
    servers = [await echo.start() for echo in both]
    yield both
    for server in servers:
        server.close()


async def dial(wire: Wire) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    _, _, port = wire.url.rpartition(":")
    return await asyncio.open_connection("127.0.0.1", int(port))


async def greeted(wire: Wire) -> bytes:
    reader, writer = await dial(wire)
    name = await reader.read(1)
    writer.close()
    return name


async def test_a_way_to_several_servers_takes_them_in_turn_and_leaves_out_who_is_away(
    echoes: tuple[Echo, Echo],
) -> None:
    (nobodys,) = ports.free(1)
    gone = f"tcp://127.0.0.1:{nobodys}"
    async with Wire(echoes[0].url, gone, echoes[1].url) as wire:
        assert [await greeted(wire) for _ in range(4)] == [b"A", b"B", b"A", b"B"]


async def test_a_way_that_is_led_elsewhere_keeps_its_address(echoes: tuple[Echo, Echo]) -> None:
    async with Wire(echoes[0].url) as wire:
        assert await greeted(wire) == b"A"
        wire.to = Wire(echoes[1].url).to
        assert await greeted(wire) == b"B"


async def test_all_that_was_sent_arrives_late_and_in_its_order(echoes: tuple[Echo, Echo]) -> None:
    async with Wire(echoes[0].url) as wire:
        reader, writer = await dial(wire)
        await reader.read(1)
        wire.delay = 0.1
        began = time.monotonic()
        writer.write(b"x")
        await reader.readexactly(1)
        assert 0.15 < time.monotonic() - began < 2  # there and back
        said = bytes(range(100))
        for number in said:
            writer.write(bytes([number]))
            await asyncio.sleep(0.001)
            if number == 50:
                wire.delay = 0.0  # what comes now must not overtake
        assert await reader.readexactly(100) == said
        writer.close()


async def test_a_throttled_way_lets_so_many_bytes_through_in_a_second(echoes: tuple[Echo, Echo]) -> None:
    async with Wire(echoes[0].url) as wire:
        reader, writer = await dial(wire)
        await reader.read(1)
        wire.bytes_per_second = 100
        began = time.monotonic()
        writer.write(bytes(50))
        await reader.readexactly(50)
        assert 0.9 < time.monotonic() - began < 5  # there and back
        writer.close()


async def test_a_way_that_is_cut_refuses_until_it_is_mended(echoes: tuple[Echo, Echo]) -> None:
    async with Wire(echoes[0].url) as wire:
        reader, writer = await dial(wire)
        await reader.read(1)
        wire.cut(refuse=True)
        assert not await reader.read()
        writer.close()
        assert not await greeted(wire)
        wire.mend()
        assert await greeted(wire) == b"A"
