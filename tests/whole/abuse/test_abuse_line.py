"""What a socket can do to the process that holds it: the gateway's connection alone, on the event loop that it runs on."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from line_ends import LARGEST, Ends, ends, until
from websockets.asyncio.server import ServerConnection, broadcast, serve
from wrong_frames import CONT, PING, PONG, TEXT, frame

from ocppdiag_gateway import line
from ocppdiag_gateway.line import Line


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "GONE_SECONDS", 0.3)


async def others_turns(while_this: Awaitable[object]) -> float:
    """The longest time that nobody else had the loop, in seconds."""
    loop, longest = asyncio.get_running_loop(), 0.0
    task = asyncio.ensure_future(while_this)
    before = loop.time()
    while not task.done():
        await asyncio.sleep(0)
        longest, before = max(longest, loop.time() - before), loop.time()
    await task
    return longest


@pytest.mark.abuse("13 250 KiB of pings at once", "others have their turns between them; closed with 1008")
async def test_pings_without_end_are_read_in_turns_and_end_with_1008() -> None:
    async with ends() as both:
        both.station.write(frame(PING) * 40_000)
        longest = await others_turns(both.over.wait())
        assert longest < 0.3, "0.6 s in one piece"
        assert await both.station.close_code() == 1008


async def test_others_have_their_turns_while_a_chunk_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for unbounded in ("CONTROL_FRAMES", "BYTES"):
        monkeypatch.setattr(line, unbounded, 10**9)
    async with ends() as both:
        both.station.write(frame(PING) * 30_000 + frame(TEXT, b"end"))
        turns = 0
        while not both.heard:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 100


async def test_a_ping_now_and_then_is_answered_as_ever() -> None:
    async with ends() as both:
        for number in range(100):
            both.station.write(frame(PING, b"%d" % number))
            assert await both.station.read() == (0x80 | PONG, b"%d" % number)


@pytest.mark.parametrize("piece", [b"", b"x"])
@pytest.mark.abuse("13 a message of a million fragments", "closed with 1009 after 4 096 of them")
async def test_a_million_fragments_are_too_many(piece: bytes) -> None:
    async with ends() as both:
        both.station.write(frame(TEXT, piece, fin=False) + frame(CONT, piece, fin=False) * 50_000)
        longest = await others_turns(both.over.wait())
        assert longest < 0.3
        assert await both.station.close_code() == 1009
        assert not both.server._pieces


async def test_a_station_that_does_not_read_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its pings makes a pong that it does not take: there are never more of those than one bite makes."""
    for unbounded in ("CONTROL_FRAMES", "BYTES"):
        monkeypatch.setattr(line, unbounded, 10**9)
    async with ends() as both:
        both.station.reader._transport.pause_reading()  # type: ignore[attr-defined]
        storm = frame(PING, bytes(125)) * 2000
        for _ in range(200):  # 50 MB
            both.station.write(storm)
            await asyncio.sleep(0)
        for _ in range(2000):
            await asyncio.sleep(0)
        assert both.server.paused
        assert both.server.transport.get_write_buffer_size() < 2**18


@pytest.mark.abuse(
    "13 a station that does not read what it is sent",
    "closed with 1008 after 30 s, gone 4 s later though it reads nothing",
)
async def test_who_does_not_read_is_gone_whatever_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "UNREAD_SECONDS", 0.2)
    async with ends() as both:
        both.station.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(20):
            broadcast([both.server], "x" * 2**20)
        await asyncio.wait_for(both.over.wait(), 5)
        said = both.server.protocol.close_sent
        assert said is not None
        assert said.code == 1008


async def test_who_is_only_slow_to_read_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "UNREAD_SECONDS", 1.0)
    async with ends() as both:
        for _ in range(3):
            both.station.reader._transport.pause_reading()  # type: ignore[attr-defined]
            sending = asyncio.ensure_future(both.server.send("x" * 8 * 2**20))
            await until(lambda: both.server.paused)
            await asyncio.sleep(0.1)
            both.station.reader._transport.resume_reading()  # type: ignore[attr-defined]
            assert len(await both.station.text()) == 8 * 2**20
            await sending
            both.station.write(frame(TEXT, b"and is heard"))
        await until(lambda: len(both.heard) == 3)
        await asyncio.sleep(1.1)
        assert not both.over.is_set()


@pytest.mark.abuse("13 right frames without end", "1 MiB a second is read of one station, and 2 MiB at once")
async def test_who_sends_too_much_has_to_wait_and_nothing_is_lost() -> None:
    async with ends() as both:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(3):
            both.station.write(frame(TEXT, b"x" * (LARGEST - 100)))
        await until(lambda: len(both.heard) == 2)
        assert loop.time() - began < 0.5
        await until(lambda: len(both.heard) == 3)
        assert loop.time() - began > 0.8


async def test_who_neither_answers_pings_nor_says_anything_is_gone() -> None:
    async with ends(ping_interval=0.05, ping_timeout=0.1) as both:
        await asyncio.wait_for(both.over.wait(), 5)
        assert await both.station.close_code() == 1011


async def test_who_says_something_may_leave_pings_unanswered() -> None:
    async with ends(ping_interval=0.05, ping_timeout=0.2) as both:
        for number in range(20):
            both.station.write(frame(TEXT, b"%d" % number))
            await asyncio.sleep(0.05)
        assert not both.over.is_set()
        assert len(both.heard) == 20


async def test_what_comes_before_anybody_listens_is_heard_in_order_and_little_of_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = asyncio.Event()
    listen = Line.listen

    async def dawdle(self: Line, take: Callable[[str | bytes], None]) -> None:
        await later.wait()
        await listen(self, take)

    monkeypatch.setattr(Line, "listen", dawdle)
    async with ends() as both:
        texts = [b"%d" % number + b"x" * line.BITE for number in range(20)]  # not two in one bite
        both.station.write(
            b"".join(frame(TEXT, text[:1], fin=False) + frame(CONT, text[1:]) for text in texts)
        )
        await until(lambda: hasattr(both, "server") and len(both.server._early) > line.EARLY)
        for _ in range(100):
            await asyncio.sleep(0)
        waiting = len(both.server._early)
        later.set()
        assert waiting == line.EARLY + 1
        await until(lambda: len(both.heard) == 20)
        assert both.heard == [text.decode() for text in texts]


@pytest.mark.parametrize("sizes", [(1,), (2, 3), (7, 1, 9), (line.BITE - 3,)])
async def test_however_frames_are_cut_on_their_way_they_are_heard_whole(sizes: tuple[int, ...]) -> None:
    texts = [b"", b"x" * 125, b"y" * 126, b"z" * 300]
    storm = b"".join(frame(TEXT, text) for text in texts)
    storm += frame(TEXT, b"long", fin=False) + frame(PING, b"p") + frame(CONT, b"er")
    storm += frame(TEXT, b"l" * 3 * line.BITE) + frame(2, b"bin") + frame(TEXT, b"end")
    async with ends() as both:
        await until(lambda: hasattr(both, "server"))
        at = 0
        for number in range(len(storm)):
            piece = storm[at : at + sizes[number % len(sizes)]]
            both.server.data_received(piece)
            await asyncio.sleep(0)
            at += len(piece)
            if at == len(storm):
                break
        await until(lambda: len(both.heard) == 8)
        assert both.heard == [
            *(text.decode() for text in texts),
            "longer",
            "l" * 3 * line.BITE,
            b"bin",
            "end",
        ]
        assert await both.station.read() == (0x80 | PONG, b"p")


async def test_a_text_that_is_too_big_is_not_heard_though_all_of_it_is_here() -> None:
    async with ends() as both:
        await until(lambda: hasattr(both, "server"))
        both.server.data_received(frame(TEXT, b"x" * (LARGEST + 1)))
        assert await both.station.close_code() == 1009
        assert both.heard == []


async def test_who_sends_after_its_close_frame_is_heard_no_more() -> None:
    async with ends() as both:
        both.station.write(frame(0x8, b"\x03\xe8") + frame(TEXT, b"late") * 1000)
        assert await both.station.close_code() == 1000
        await asyncio.wait_for(both.over.wait(), 5)
        assert both.heard == []


async def test_who_never_takes_leave_is_gone_all_the_same() -> None:
    """It has broken the protocol, and leaves its end open."""
    async with ends() as both:
        both.station.write(frame(TEXT, b"not masked", masked=False))
        await asyncio.wait_for(both.over.wait(), 5)
        assert await both.station.close_code() == 1002


async def test_who_speaks_before_the_door_is_open_is_gone() -> None:
    async def dawdle(_: ServerConnection, __: object) -> None:
        await asyncio.sleep(0.5)

    async with serve(
        Ends().serve, "127.0.0.1", 0, create_connection=Line, process_request=dawdle, compression=None
    ) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await asyncio.sleep(0.1)
        writer.write(frame(TEXT, bytes(1000)) * 10)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.transport.abort()
