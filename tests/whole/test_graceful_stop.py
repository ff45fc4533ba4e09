"""Processes told to stop under load, with their servers well, frozen or gone: they end soon and lose nothing."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aio_pika
import aiohttp
import msgspec
import pytest
import pytest_asyncio
from bare import BareStation, bare_station
from charge_point import put
from installation import Installation, install
from looking import SETTINGS, look, ports
from private import Private, private

from ocppdiag_contracts import CommandSettled, GetLog, Outcome, link
from ocppdiag_contracts.topology import GATEWAY, OWNER, STATION
from ocppdiag_contracts.upload_token import UploadToken, sign
from ocppdiag_local.stack import Process, start

LONGEST = 30.0
HANGS = """
import asyncio, os, signal, sys, time
from ocppdiag_process.logs import configure
from ocppdiag_process.main import told_to_stop

sys.modules[told_to_stop.__module__].STOP_SECONDS = 0.5
configure(process="hangs", readable=False)

async def run():
    told_to_stop()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.1)
    time.sleep(20)

asyncio.run(run())
"""
STATIONS = 6
STOPPING = (503, "It is stopping.\n")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Private]:
    async with private(tmp_path_factory.mktemp("stopping")) as servers:
        yield servers


@pytest_asyncio.fixture(loop_scope="session")
async def mine(servers: Private, tmp_path: Path) -> AsyncIterator[Installation]:
    async with install(servers.services, tmp_path, {"OCPPDIAG_DRAIN_SECONDS": "10", **SETTINGS}) as made:
        yield made


@asynccontextmanager
async def another(made: Installation, kind: str) -> AsyncIterator[Process]:
    """A successor, where the first one was."""
    variables = {
        "OCPPDIAG_AMQP_URL": made.services.amqp_url,
        "OCPPDIAG_REDIS_URL": made.services.redis_url,
        "OCPPDIAG_UPLOAD_KEY": made.keys.upload_key,
        "OCPPDIAG_UPLOAD_URL": made.running.upload_url,
        "OCPPDIAG_UPLOAD_FOLDER": str(made.logs),
        "OCPPDIAG_UPLOAD_PORT": "0",
    }
    module = {"worker": "ocppdiag_workers", "uploads": "ocppdiag_uploads"}[kind]
    async with start(kind, module, variables, lambda *_: None) as process:
        yield process


async def stopped(made: Installation, kind: str) -> None:
    """Tell a process to stop and see that it ends in time, by itself."""
    told = next(process for process in made.running.processes if process.name == kind)
    os.kill(told.pid, signal.SIGTERM)
    began = time.monotonic()
    await asyncio.wait_for(told.wait(), LONGEST + 5)
    assert time.monotonic() - began < LONGEST
    assert not made.said("stop_cut_short")
    assert made.said("stopped", process=kind)


@asynccontextmanager
async def hurt(servers: Private, trouble: str) -> AsyncIterator[None]:
    """Have servers in this trouble until the block ends."""
    match trouble:
        case "broker frozen":
            servers.node.freeze()
        case "broker gone":
            await servers.node.known()
            await servers.node.kill()
        case "redis frozen":
            servers.redis.freeze()
        case _:
            pass
    try:
        yield
    finally:
        match trouble:
            case "broker frozen":
                servers.node.thaw()
            case "broker gone":
                await servers.node.start()
            case "redis frozen":
                servers.redis.thaw()
            case _:
                pass


def address(made: Installation, name: str) -> str:
    token = UploadToken(station=name, tag="c1", owner=OWNER, expires=int(time.time() + 600), max_bytes=2**24)
    return f"{made.running.upload_url}/{sign(token, made.keys.upload_key.encode())}/"


@pytest.mark.parametrize("trouble", ["none", "broker frozen", "broker gone", "redis frozen"])
async def test_a_worker_stops_and_its_successor_ends_every_command_once(
    servers: Private, mine: Installation, name: str, trouble: str
) -> None:
    ends: list[CommandSettled] = []
    busy = asyncio.Event()
    async with mine.diagnostics() as diagnostics:

        async def one(station: str) -> None:
            async with mine.station(station):
                for _ in range(4):
                    command = GetLog(station=station)
                    await diagnostics.send(command, patience=60)
                    ends.append(await asyncio.wait_for(diagnostics.settle(command), 90))
                    busy.set()

        working = asyncio.gather(*(one(f"{name}-{number}") for number in range(STATIONS)))
        await asyncio.wait_for(busy.wait(), 30)
        async with hurt(servers, trouble):
            await asyncio.sleep(0.3)
            await stopped(mine, "worker")
        async with another(mine, "worker"):
            await working
    assert Counter(end.outcome for end in ends) == {Outcome.COMPLETED: 4 * STATIONS}
    assert len({end.command_id for end in ends}) == 4 * STATIONS


async def talk(station: BareStation, answers: "Counter[object]") -> int:
    """Ask and ask until the gateway closes; returns how many questions then had no answer."""
    gone = asyncio.create_task(station.socket.wait_closed())
    while True:
        asking = asyncio.create_task(station.exchange("Heartbeat", {}, within=60))
        await asyncio.wait((asking, gone), return_when=asyncio.FIRST_COMPLETED)
        if asking.done() and asking.exception() is None:
            answers[asking.result()[0]] += 1
            continue
        sent = not asking.done()
        asking.cancel()
        await asyncio.wait([asking])
        return int(sent)


async def test_a_gateway_stops_after_it_has_answered_what_its_stations_asked(
    mine: Installation, name: str
) -> None:
    names = [f"{name}-{number}" for number in range(STATIONS)]
    async with (
        await aio_pika.connect(mine.services.amqp_url) as connection,
        AsyncExitStack() as exits,
    ):
        channel = await connection.channel()
        claimed = await channel.declare_queue(exclusive=True)
        await claimed.bind(STATION.name, "call.Authorize.0")
        stations = [await exits.enter_async_context(bare_station(mine, each)) for each in names]
        asking = [asyncio.create_task(station.exchange("Authorize", {})) for station in stations]
        asked: list[link.Called] = []
        async with asyncio.timeout(10):
            async with claimed.iterator(no_ack=True) as batches:
                async for batch in batches:
                    asked += msgspec.json.decode(batch.body, type=list[link.Called])
                    if len(asked) == STATIONS:
                        break
        stopping = asyncio.create_task(stopped(mine, "gateway"))
        await asyncio.sleep(2)
        assert not stopping.done()
        assert await look(ports(mine)["gateway"], "/ready") == STOPPING
        orders = await channel.get_exchange(GATEWAY.name)
        for call in asked:
            answer = link.Answer(
                station=call.station,
                epoch=call.epoch,
                at=0,
                message_id=call.message_id,
                payload=msgspec.Raw(b"{}"),
            )
            await orders.publish(aio_pika.Message(link.join([link.encode(answer)])), call.node)
        assert [answer[0] for answer in await asyncio.gather(*asking)] == [3] * STATIONS
        await stopping
        assert {station.socket.close_code for station in stations} == {1001}
    assert not mine.said("drain_cut_short")
    assert [await mine.directory.find(each) for each in names] == [None] * STATIONS


@pytest.mark.parametrize("trouble", ["broker frozen", "broker gone", "redis frozen"])
async def test_a_gateway_stops_in_time_whatever_its_servers_do_and_says_what_it_could_not_send(
    servers: Private, mine: Installation, name: str, trouble: str
) -> None:
    answers: Counter[object] = Counter()
    names = [f"{name}-{number}" for number in range(STATIONS)]
    async with AsyncExitStack() as exits:
        stations = [await exits.enter_async_context(bare_station(mine, each)) for each in names]
        talking = asyncio.gather(*(talk(station, answers) for station in stations))
        await asyncio.sleep(1)
        async with hurt(servers, trouble):
            await asyncio.sleep(1)
            await stopped(mine, "gateway")
            unanswered = sum(await asyncio.wait_for(talking, 5))
    counts = [line["count"] for line in mine.said("records_unconfirmed", process="gateway")]
    if trouble == "redis frozen":
        assert counts == []
    else:
        assert unanswered == STATIONS  # they ask again elsewhere: nobody has told them that it arrived
        assert len(counts) == 1
    assert set(answers) == {3}


@pytest.mark.parametrize("trouble", ["none", "broker frozen", "broker gone"])
async def test_an_upload_receiver_stops_after_the_uploads_under_way_or_has_them_told_by_the_next(
    servers: Private, mine: Installation, name: str, trouble: str
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000
            await asyncio.sleep(0.3)

    async def upload() -> int:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.put(address(mine, name), data=slow()) as response:
                    return response.status
            except aiohttp.ClientError:
                return 0

    uploading = asyncio.create_task(upload())
    await asyncio.sleep(1)
    async with hurt(servers, trouble):
        stopping = asyncio.create_task(stopped(mine, "uploads"))
        await asyncio.sleep(0.5)
        assert await look(ports(mine)["uploads"], "/ready") == STOPPING
        await stopping
        answer = await asyncio.wait_for(uploading, 5)
    (stored,) = (mine.logs / name).iterdir()
    assert stored.stat().st_size == 10_000
    if trouble == "none":
        assert answer == 201
        return
    assert answer != 201  # so the station tries again, and meets the next receiver
    assert mine.said("records_unconfirmed", process="uploads")
    async with another(mine, "uploads") as successor:
        again = address(mine, name).replace(
            mine.running.upload_url, f"http://127.0.0.1:{successor.ready.result()['port']}"
        )
        assert await asyncio.to_thread(put, again, b"x") == 409


async def test_a_process_that_cannot_end_itself_in_order_is_ended_and_says_so() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HANGS, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 1
    assert json.loads(out)["event"] == "stop_cut_short"
