"""Frames that no station should send, on real sockets, through every part; beside them a good station goes on."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random

import aiohttp
import pytest
import wrong_frames
from installation import Installation
from strangers import answers, exchange, independent, raw
from wrong_frames import CONT, PING, PONG, TEXT, frame

SEED = 20261122
HEARTBEAT = frame(TEXT, b'[2,"good","Heartbeat",{}]')


@pytest.mark.parametrize("kind", [*wrong_frames.STAYING])
@pytest.mark.abuse(
    "13 malformed frames of every kind",
    "the CALLERROR that fits under the frame's own id or -1, or none where OCPP owes none; the link stays",
)
async def test_the_link_outlives_each_kind_of_wrong_frame(
    installation: Installation, name: str, kind: str
) -> None:
    random = Random(f"{SEED} {kind}")  # noqa: S311
    async with raw(installation, name) as bad:
        for _ in range(20):
            bad.write(wrong_frames.STAYING[kind](random))
        bad.write(HEARTBEAT)
        while True:
            members = json.loads(await bad.text())
            if members[1] == "good":
                assert members[0] == 3
                break
            assert members[0] == 3 or (members[0] == 4 and len(members) == 5), members
            assert members[2] != "InternalError", members


@pytest.mark.parametrize("kind", [*wrong_frames.CLOSING])
@pytest.mark.abuse(
    "13 what is no websocket frame, or no text", "closed with 1002, 1007 or 1009; nobody else is"
)
async def test_what_breaks_the_websocket_itself_ends_it_with_the_right_code(
    installation: Installation, name: str, kind: str
) -> None:
    make, code = wrong_frames.CLOSING[kind]
    async with independent(installation, f"{name}-good") as good:
        async with raw(installation, name) as bad:
            bad.write(make(Random(SEED)))  # noqa: S311
            assert await bad.close_code() == code
        await answers(good)


async def test_thousands_of_wrong_frames_beside_twenty_good_stations_harm_nobody(
    installation: Installation, name: str
) -> None:
    """A bounded run of what `make fuzz` does at length."""
    random = Random(SEED)  # noqa: S311
    over = asyncio.Event()
    codes: Counter[int | None] = Counter()

    async def good(number: int) -> int:
        async with independent(installation, f"{name}-{number}") as socket:
            count = 0
            while not over.is_set():
                await answers(socket, f"g{count}")
                count += 1
                await asyncio.sleep(0.2)
            return count

    async def bad(number: int) -> None:
        async with raw(installation, f"{name}-bad-{number}") as socket:
            for _ in range(800):
                socket.write(wrong_frames.draw(random, closing=0).data)
            last = wrong_frames.draw(random, closing=1)
            socket.write(last.data)
            code = await socket.close_code()
            codes[code] += 1
            assert code in last.closes, last.kind

    goods = [asyncio.ensure_future(good(number)) for number in range(20)]
    await asyncio.wait_for(asyncio.gather(*(bad(number) for number in range(5))), 120)
    over.set()
    assert min(await asyncio.gather(*goods)) > 1
    assert sum(codes.values()) == 5


@pytest.mark.abuse("14 a compressed bomb", "inflated up to 1 MiB and no further: closed with 1009")
async def test_a_compressed_bomb_ends_its_own_connection(installation: Installation, name: str) -> None:
    """By a library's own compression: OCPP 2.0.1 has a CSMS offer it."""
    async with independent(installation, name, compress=15) as station:
        assert station.compress
        await answers(station)
        await exchange(station, json.dumps([2, "1", "Heartbeat", {"customData": {"x": "x" * 900_000}}]))
        await station.send_str("x" * 20 * 2**20)
        closed = await station.receive(timeout=10)
        assert closed.type is aiohttp.WSMsgType.CLOSE
        assert closed.data == 1009


async def test_control_frames_come_between_fragments(installation: Installation, name: str) -> None:
    text = '[2,"é🚗","Heartbeat",{}]'.encode()
    async with raw(installation, name) as station:
        for cut in range(1, len(text)):
            station.write(
                frame(TEXT, text[:cut], fin=False) + frame(PING, b"p") + frame(CONT, b"", fin=False)
                + frame(PONG, b"q") + frame(CONT, text[cut:])
            )  # fmt: skip
            assert await station.read() == (0x80 | PONG, b"p")
            assert json.loads(await station.text())[:2] == [3, "é🚗"]


@pytest.mark.abuse("13 wrong frames without end", "answered 1 000 times, then closed with 1008")
async def test_who_breaks_the_protocol_all_the_time_is_shown_out(
    installation: Installation, name: str
) -> None:
    async with independent(installation, f"{name}-good") as good:
        async with raw(installation, name) as bad:
            bad.write(frame(TEXT, b"x") * 20_000)
            answered = 0
            while (came := await bad.read()) is not None:
                if came[0] == 0x80 | TEXT:
                    answered += 1
                else:
                    assert came == (0x88, (1008).to_bytes(2) + b"too many violations")
            assert 1000 <= answered < 2000
            await answers(good)
        assert installation.said("station_expelled", station=name, reason="too many violations")


def test_the_figures_of_the_gateway_are_those_of_this_table() -> None:
    readme = Path(__file__).parents[3] / "gateway" / "README.md"
    text = readme.read_text(encoding="utf-8")
    for words in ("1 000 violations", "64 levels", "4 096 fragments", "200 pings"):
        assert words in text
