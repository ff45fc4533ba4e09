"""Processes killed half way, stopped in order, and servers that go away: every command still has its one end."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest
import pytest_asyncio
from aiormq.abc import FieldTable
from installation import Installation, install

from ocppdiag_contracts import CommandSettled, Failure, GetLog, Outcome
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import GATEWAY, gateway_queue
from ocppdiag_local.services import Services
from ocppdiag_local.stack import Process, start
from ocppdiag_station import SCENARIOS, SimulatedStation


@pytest_asyncio.fixture(loop_scope="session")
async def mine(services: Services, tmp_path: Path, installation: Installation) -> AsyncIterator[Installation]:
    """Processes of the test's own to kill; the shared worker takes part, as a second worker would."""
    del installation
    async with install(services, tmp_path) as made:
        yield made


def process(made: Installation, name: str) -> Process:
    return next(process for process in made.running.processes if process.name == name)


async def test_a_worker_killed_again_and_again_loses_and_repeats_nothing(
    services: Services, mine: Installation, name: str
) -> None:
    """Every worker but the one that comes last is killed while commands are under way."""
    ends: list[CommandSettled] = []
    executed: Counter[str] = Counter()
    stations = [f"{name}-{number}" for number in range(8)]
    async with mine.diagnostics() as diagnostics:

        async def one(station: str) -> None:
            async with mine.station(station):
                for _ in range(4):
                    command = GetLog(station=station)
                    await diagnostics.send(command)
                    ends.append(await asyncio.wait_for(diagnostics.settle(command), 60))
                    executed[command.id] += 1

        async def murder() -> None:
            variables = {
                "OCPPDIAG_AMQP_URL": services.amqp_url,
                "OCPPDIAG_REDIS_URL": services.redis_url,
                "OCPPDIAG_UPLOAD_KEY": mine.keys.upload_key,
                "OCPPDIAG_UPLOAD_URL": mine.running.upload_url,
            }
            os.kill(process(mine, "worker").pid, signal.SIGKILL)
            for _ in range(4):
                async with start("worker", "ocppdiag_workers", variables, lambda *_: None) as worker:
                    await asyncio.sleep(0.4)
                    os.kill(worker.pid, signal.SIGKILL)

        killing = asyncio.create_task(murder())
        await asyncio.gather(*(one(station) for station in stations))
        await killing
    assert Counter(end.outcome for end in ends) == {Outcome.COMPLETED: 32}
    assert len({end.command_id for end in ends}) == 32


async def test_a_gateway_told_to_stop_lets_its_stations_go_in_order(mine: Installation, name: str) -> None:
    station = SimulatedStation(name, password=await mine.password(name))
    life = asyncio.create_task(station.run(mine.running.gateway_url))
    await asyncio.wait_for(station.booted.wait(), 10)
    gateway = process(mine, "gateway")
    os.kill(gateway.pid, signal.SIGTERM)
    await asyncio.wait_for(gateway.wait(), 15)
    await asyncio.wait_for(life, 5)
    assert mine.said("stopped", process="gateway")
    assert await mine.directory.find(name) is None
    (closed,) = mine.said("session_closed", station=name)
    assert closed["code"] == 1001
    async with mine.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 10)
    assert end.failure is Failure.NOT_CONNECTED


@pytest.mark.parametrize("kind", ["worker", "uploads"])
async def test_a_process_told_to_stop_ends_in_order(mine: Installation, kind: str) -> None:
    told = process(mine, kind)
    os.kill(told.pid, signal.SIGTERM)
    await asyncio.wait_for(told.wait(), 15)
    assert mine.said("stopped", process=kind)


async def test_an_order_that_no_gateway_takes_comes_back_as_not_connected(
    installation: Installation, name: str
) -> None:
    """A lease and a queue, as a gateway leaves them that was killed; the queue's time is cut short for the test."""
    queue = gateway_queue(f"dead-{name}")
    await installation.directory.acquire(name, f"dead-{name}", "connection", "ocpp2.0.1")
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection, installation.diagnostics() as diagnostics:
        channel = await connection.channel()
        arguments: FieldTable = {**queue.arguments, "x-message-ttl": 500}
        declared = await channel.declare_queue(queue.name, durable=True, arguments=arguments)
        await declared.bind(GATEWAY.name, f"dead-{name}")
        command = GetLog(station=name)
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 10)
        await declared.delete(if_unused=False, if_empty=False)
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.NOT_CONNECTED)


async def test_behind_a_gateway_that_died_stands_the_deadline(mine: Installation, name: str) -> None:
    """Its lease says that it lives, and its queue is still there."""
    station = SimulatedStation(name, password=await mine.password(name), scenario=SCENARIOS["never-answers"])
    life = asyncio.create_task(station.run(mine.running.gateway_url))
    await asyncio.wait_for(station.booted.wait(), 10)
    os.kill(process(mine, "gateway").pid, signal.SIGKILL)
    await asyncio.wait_for(life, 5)
    async with mine.diagnostics() as diagnostics:
        command = GetLog(station=name, deadline=now() + timedelta(seconds=3))
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 8)
    assert end.outcome is Outcome.EXPIRED


async def test_a_station_that_vanishes_with_a_call_under_way_is_told_at_once(
    installation: Installation, name: str
) -> None:
    async with installation.diagnostics() as diagnostics:
        async with installation.station(name, "never-answers"):
            command = GetLog(station=name)
            await diagnostics.send(command)
            async with asyncio.timeout(10):
                async for event in diagnostics.follow(command):
                    if event.event == "command_sent":
                        break
        end = await asyncio.wait_for(diagnostics.settle(command), 5)
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.CONNECTION_LOST)
