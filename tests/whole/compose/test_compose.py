"""The containers of Compose, asked from outside: they do their work, and whichever of them is killed, each command ends once.

The cluster has three nodes of RabbitMQ, and a Redis whose replica takes over.
"""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from backends import aloud
from composed import CLUSTER, ONE_OF_EACH, Composed, composed, lacking

from ocppdiag_amqp import BrokerError
from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, GetLog, LogFile, Outcome
from ocppdiag_contracts.commands import Command, GetMonitoringReport
from ocppdiag_contracts.events import Event, MonitoringReport
from ocppdiag_contracts.model import now
from ocppdiag_station import ConnectionRefusedByGatewayError, SimulatedStation

STATIONS = ("CS-1", "CS-2", "CS-3")
BYTES_PER_SECOND = 2_000_000.0
DEADLINE = 60.0
AWAY_SECONDS = 8.0
"""How long the killed one stays away; a primary of Redis until the replica has taken over."""

HEALTHY = ("gateway-1", "gateway-2", "worker", "uploads", "rabbitmq", "redis", "prometheus")
KINDS = ("gateway-1", "worker", "uploads", "rabbitmq", "redis")


@pytest.fixture(scope="module", params=[ONE_OF_EACH, CLUSTER], ids=["one of each", "cluster"])
def installed(request: pytest.FixtureRequest) -> Iterator[Composed]:
    say = aloud(request.config, "compose")
    if missing := lacking():
        say(f"SKIPPING every test of the containers, in CI too. {missing}")
        pytest.skip(missing)
    say(f"building and starting {' and '.join(request.param)}")
    with composed(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def passwords(installed: Composed) -> dict[str, str]:
    return {station: installed.command_line("station", "add", station) for station in STATIONS}


@asynccontextmanager
async def connected(installed: Composed, passwords: dict[str, str]) -> AsyncIterator[None]:
    """Stations that come back whenever their connection ends."""

    async def stay(station: SimulatedStation) -> None:
        while True:
            with suppress(ConnectionRefusedByGatewayError):
                await station.run(installed.gateway_url)
            await asyncio.sleep(1.5)

    stations = [
        SimulatedStation(name, password=password, bytes_per_second=BYTES_PER_SECOND)
        for name, password in passwords.items()
    ]
    living = [asyncio.create_task(stay(station)) for station in stations]
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(station.booted.wait() for station in stations))
        yield
    finally:
        for task in living:
            task.cancel()
        await asyncio.gather(*living, return_exceptions=True)


async def ended(diagnostics: Diagnostics, command: Command) -> CommandSettled:
    """Send it until RabbitMQ has it, and wait for its end."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                await diagnostics.send(command, patience=5)
                break
            except BrokerError:
                await asyncio.sleep(0.5)
    return await diagnostics.settle(command)


def asked(station: str) -> list[Command]:
    deadline = now() + timedelta(seconds=DEADLINE)
    return [
        GetLog(station=station, deadline=deadline),
        GetMonitoringReport(station=station, deadline=deadline),
    ]


async def test_a_log_and_a_report_come_through_the_load_balancer(
    installed: Composed, passwords: dict[str, str]
) -> None:
    async with (
        connected(installed, passwords),
        Diagnostics.connect(installed.amqp_url, name="test") as diagnostics,
    ):
        log = await ended(diagnostics, GetLog(station="CS-1"))
        report = await ended(diagnostics, GetMonitoringReport(station="CS-2"))
    assert log.outcome is Outcome.COMPLETED, log
    assert isinstance(log.result, LogFile)
    path = urlsplit(log.result.location).path
    assert PurePosixPath(path).is_relative_to("/logs/CS-1")
    stored = installed.run("exec", "--no-TTY", "uploads", "sha256sum", path)
    assert stored.split()[0] == log.result.sha256
    kept = json.loads(installed.command_line("logs", "list", "CS-1", "--json"))
    assert kept["sha256"] == log.result.sha256
    fetched = installed.command_line("logs", "get", "CS-1", log.command_id, "--to", "-")
    assert sha256(f"{fetched}\n".encode()).hexdigest() == log.result.sha256  # `run` strips
    assert report.outcome is Outcome.COMPLETED, report
    assert isinstance(report.result, MonitoringReport)
    assert report.result.monitor


@pytest.mark.parametrize("service", KINDS)
async def test_whichever_container_is_killed_each_command_has_exactly_one_final_event(
    installed: Composed, passwords: dict[str, str], service: str
) -> None:
    container = installed.container(service)
    endings: dict[str, set[str]] = defaultdict(set)

    async def hear(heard: AsyncIterator[Event]) -> None:
        async for event in heard:
            assert isinstance(event, CommandSettled)
            endings[event.command_id].add(f"{event.id} {event.outcome}")

    async with (
        connected(installed, passwords),
        Diagnostics.connect(installed.amqp_url, name="test") as diagnostics,
        diagnostics.listen("command_settled.#") as heard,
        asyncio.TaskGroup() as tasks,
    ):
        hearing = tasks.create_task(hear(heard))
        under_way = [command for station in STATIONS for command in asked(station)]
        running = [tasks.create_task(ended(diagnostics, command)) for command in under_way]
        await asyncio.sleep(0.7)
        await asyncio.to_thread(installed.kill, container)
        meanwhile = [command for station in STATIONS for command in asked(station)]
        running += [tasks.create_task(ended(diagnostics, command)) for command in meanwhile]
        await asyncio.sleep(AWAY_SECONDS)
        if service == "redis" and installed.is_cluster:
            await taken_over(installed)
        await asyncio.to_thread(installed.start, container)
        settled = await asyncio.gather(*running)
        await works_again(diagnostics)
        hearing.cancel()
    assert [one.command_id for one in settled] == [command.id for command in under_way + meanwhile]
    assert {one.command_id: len(endings[one.command_id]) for one in settled} == dict.fromkeys(
        (one.command_id for one in settled), 1
    )


async def taken_over(installed: Composed) -> None:
    async with asyncio.timeout(30):
        while await asyncio.to_thread(lambda: installed.primary) != "redis-2":  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(1)


async def works_again(diagnostics: Diagnostics) -> None:
    """Every station's log comes, once all have found back to each other."""
    async with asyncio.timeout(120):
        for station in STATIONS:
            outcome = None
            while outcome is not Outcome.COMPLETED:
                settled = await ended(diagnostics, asked(station)[0])
                outcome = settled.outcome


@pytest.mark.parametrize("service", ["gateway-1", "worker", "uploads"])
def test_a_container_that_is_told_to_stop_ends_in_order(installed: Composed, service: str) -> None:
    container = installed.container(service)
    assert installed.stop(container) == 0
    assert '"event":"stopped"' in installed.said(container)[-1]
    installed.start(container)


def test_every_container_says_that_it_is_well_and_prometheus_reads_each(installed: Composed) -> None:
    until = time.monotonic() + 90
    while (unwell := _unwell(installed)) and time.monotonic() < until:
        time.sleep(2)
    assert unwell == []


def _unwell(installed: Composed) -> list[str]:
    with urlopen(f"{installed.prometheus_url}/api/v1/targets?state=active", timeout=10) as answer:  # noqa: S310 (ours)
        targets = json.load(answer)["data"]["activeTargets"]
    jobs = Counter(target["labels"]["job"] for target in targets if target["health"] == "up")
    wanted = Counter({"ocppdiag": 5, "rabbitmq": 3 if installed.is_cluster else 1, "haproxy": 1})
    return [str(lacks) for lacks in [wanted - jobs] if lacks] + [
        service for service in HEALTHY if not installed.healthy(service)
    ]
