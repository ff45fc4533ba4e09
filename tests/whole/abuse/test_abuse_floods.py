"""Floods at the websocket door: of guesses, of connections under one name, of takeovers, and of those who never say a word."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
import websocket
from edge import Answer, Edge, basic, edge
from outages import another_gateway, until

from ocppdiag_contracts.events import StationBooted
from ocppdiag_local.services import Services

BOOT = '[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with edge(services, tmp_path_factory.mktemp("door")) as made:
        yield made


@pytest.mark.abuse(
    "4 unknown identity or wrong password?",
    "the same status, headers and body, and in the same time: less than 5 ms apart in the median",
)
async def test_nobody_learns_which_stations_there_are(door: Edge, name: str) -> None:
    answers: dict[bool, list[object]] = {True: [], False: []}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(60):
        for known in (True, False):
            station = f"{name}-{known}-{number}"
            if known:
                await door.made.password(station)
            began = time.perf_counter()
            answer = await door.knock(f"/{station}", basic(station, "p" * 32))
            seconds[known].append(time.perf_counter() - began)
            answers[known].append(
                (
                    answer.status,
                    sorted(answer.headers.items() - {("date", answer.headers["date"])}),
                    answer.body,
                )
            )
    assert all(answer == answers[True][0] for answer in answers[True] + answers[False])
    assert abs(statistics.median(seconds[True]) - statistics.median(seconds[False])) < 0.005


@pytest.mark.abuse(
    "11 a thousand connections under one name",
    "three are judged, then one a second; the rest gets 503 with Retry-After; others come in meanwhile",
)
async def test_a_flood_under_one_name_is_thinned_to_one_a_second(door: Edge, name: str) -> None:
    headers = basic(name, await door.made.password(name))
    other = basic(f"{name}-other", await door.made.password(f"{name}-other"))
    await asyncio.sleep(1.5)  # what other tests made of the log is over
    said = len(door.made.lines)
    began = time.monotonic()
    answers: list[Answer] = []

    async def flood() -> None:
        answers.extend([await door.knock(f"/{name}", headers) for _ in range(100)])

    flooding = [asyncio.create_task(flood()) for _ in range(10)]
    for second in range(3):
        asked = time.monotonic()
        answer = await door.knock(f"/{name}-other", other, address="127.0.0.2")
        assert (answer.status, second) == (101, second)
        assert time.monotonic() - asked < 2
        await asyncio.sleep(0.5)
    await asyncio.gather(*flooding)
    await asyncio.sleep(1.5)
    await flood()
    seconds = time.monotonic() - began
    assert len(answers) == 1100
    assert {answer.status for answer in answers} == {101, 503}
    assert 3 <= [answer.status for answer in answers].count(101) <= 3 + seconds + 1
    assert all("retry-after" in answer.headers for answer in answers if answer.status == 503)
    await asyncio.sleep(1.5)
    lines = [line for _, line in door.made.lines[said:]]
    single = [line for line in lines if line["event"] == "upgrade_refused"]
    counted = [sum(line["by_status"].values()) for line in lines if line["event"] == "upgrades_refused"]
    assert len(single) <= 50 + 10 * (seconds + 1)
    assert len(single) + sum(counted) == [answer.status for answer in answers].count(503)


async def test_a_flood_from_one_address_leaves_the_others_their_share(door: Edge, name: str) -> None:
    """Behind the same address all stations have 100 a second; a proxy that is not trusted could not raise that."""
    headers = basic(name, await door.made.password(name))

    async def flood(number: int) -> int:
        forged = {"X-Forwarded-For": f"10.0.0.{number % 250}"}
        return (await door.knock(f"/{name}-{number}", forged, address="127.0.0.3")).status

    began = time.monotonic()
    statuses: list[int] = []
    for batch in range(0, 800, 50):
        statuses += await asyncio.gather(*(flood(batch + number) for number in range(50)))
    seconds = time.monotonic() - began
    assert statuses.count(401) <= 300 + 100 * seconds + 1
    assert statuses.count(401) + statuses.count(503) == 800
    assert (await door.knock(f"/{name}", headers)).status == 101


@pytest.mark.abuse(
    "10 a second connection while the first is alive",
    "the newest wins at once on any gateway, the old one is closed with 4001 and what it says later changes nothing; "
    "with more than three a minute `station_suspected`",
)
async def test_the_newest_connection_wins_and_too_many_of_them_are_told(door: Edge, name: str) -> None:
    headers = basic(name, await door.made.password(name))

    def come(port: int) -> websocket.WebSocket:
        return websocket.create_connection(
            f"ws://127.0.0.1:{port}/{name}", header=headers, subprotocols=["ocpp2.0.1"], timeout=10
        )

    booted: list[str] = []

    async def listen() -> None:
        async with door.made.diagnostics() as diagnostics:
            async for event in diagnostics.watch(f"station_booted.{name}"):
                assert isinstance(event, StationBooted)
                booted.append(event.id)

    listening = asyncio.create_task(listen())
    async with another_gateway(door.made) as elsewhere, door.suspicions(name) as told:
        ports = [door.plain_port, int(elsewhere.running.gateway_url.rpartition(":")[2])]
        old = await asyncio.to_thread(come, ports[0])
        for number in range(1, 5):
            await asyncio.sleep(1)
            new = await asyncio.to_thread(come, ports[number % 2])
            old.send(BOOT)  # in the moment of its displacement, or after it
            code, data = await asyncio.to_thread(_last, old)
            assert (code, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, 4001)
            with suppress(OSError, websocket.WebSocketException):
                old.send(BOOT)
            old.shutdown()  # type: ignore[no-untyped-call]
            new.send('[2,"1","Heartbeat",{}]')
            assert json.loads(await asyncio.to_thread(new.recv))[:2] == [3, "1"]
            lease = await door.made.directory.find(name)
            assert lease is not None
            old = new
        before = list(booted)
        old.send(BOOT)
        assert json.loads(await asyncio.to_thread(old.recv))[2]["status"] == "Accepted"
        await until(lambda: len(booted) == len(before) + 1)
        old.close()
    assert told == ["takeovers: 4 takeovers within a minute"]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


def _last(socket: websocket.WebSocket) -> tuple[int, bytes]:
    """The close frame, whatever was answered before it."""
    while True:
        code, data = socket.recv_data(control_frame=True)
        if code == websocket.ABNF.OPCODE_CLOSE:
            return code, data
