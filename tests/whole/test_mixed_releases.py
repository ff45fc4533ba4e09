"""A rolling upgrade: gateways and workers of this release and of the next one, on the same queues and the same records."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from installation import SETTINGS, Installation
from next_release import HINT, next_release

from ocppdiag_contracts import CommandSettled, GetLog, Outcome
from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.topology import STATION
from ocppdiag_local.services import Services
from ocppdiag_local.stack import start
from ocppdiag_station import SCENARIOS, SimulatedStation

STATIONS, ROUNDS = 8, 4

Lines = list[tuple[str, dict[str, Any]]]


@pytest_asyncio.fixture(loop_scope="session")
async def newer(
    services: Services, mine: Installation, tmp_path_factory: pytest.TempPathFactory, name: str
) -> AsyncIterator[tuple[str, Lines]]:
    """A gateway and a worker of the next release beside those of this one: the gateway's address, and all they say."""
    lines: Lines = []
    variables = {
        **SETTINGS,
        "PYTHONPATH": str(next_release(tmp_path_factory.mktemp("next"))),
        "OCPPDIAG_AMQP_URL": services.amqp_url,
        "OCPPDIAG_REDIS_URL": services.redis_url,
        "OCPPDIAG_CREDENTIAL_KEY": mine.keys.credential_key,
        "OCPPDIAG_UPLOAD_KEY": mine.keys.upload_key,
        "OCPPDIAG_UPLOAD_URL": mine.running.upload_url,
        "OCPPDIAG_PORT": "0",
        "OCPPDIAG_NODE": f"next-{name}",
    }

    def hear(process: str, said: dict[str, Any]) -> None:
        lines.append((process, said))

    async with (
        start("worker", "ocppdiag_workers", variables, hear),
        start("gateway", "ocppdiag_gateway", variables, hear) as gateway,
    ):
        yield f"ws://127.0.0.1:{gateway.ready.result()['port']}", lines


async def connected(made: Installation, exits: AsyncExitStack, names: Sequence[str], url: str) -> None:
    """Have stations there, booted, until the exits are gone through."""
    for each in names:
        station = SimulatedStation(each, password=await made.password(each), scenario=SCENARIOS["good"])
        life = asyncio.create_task(station.run(url))
        exits.push_async_callback(asyncio.wait, {life})
        exits.push_async_callback(station.close)
        await asyncio.wait_for(station.booted.wait(), 15)


def moves(lines: Lines, state: str | None = None) -> Counter[str]:
    """How often an operation was moved on, or to this state: by command."""
    return Counter(
        line["command_id"]
        for _, line in lines
        if line.get("event") == "operation_moved" and state in (None, line["state"])
    )


async def test_both_releases_serve_the_same_commands_and_each_has_one_end(
    services: Services,
    installation: Installation,
    mine: Installation,
    newer: tuple[str, Lines],
    name: str,
) -> None:
    url, said_by_newer = newer
    older, younger = ([f"{name}-{release}-{each}" for each in range(STATIONS)] for release in ("old", "new"))
    seen: list[bytes] = []
    async with AsyncExitStack() as exits:
        connection = await exits.enter_async_context(await aio_pika.connect(services.amqp_url))
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(STATION.name, "#")

        async def look(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            seen.append(message.body)

        await queue.consume(look, no_ack=True)
        await connected(mine, exits, older, mine.running.gateway_url)
        await connected(mine, exits, younger, url)
        diagnostics = await exits.enter_async_context(mine.diagnostics())

        async def ask(station: str) -> list[CommandSettled]:
            ends = []
            for command in [
                made(station=station) for _ in range(ROUNDS) for made in (GetLog, GetMonitoringReport)
            ]:
                await diagnostics.send(command)
                ends.append(await asyncio.wait_for(diagnostics.settle(command), 60))
            return ends

        ends = [end for each in await asyncio.gather(*map(ask, [*older, *younger])) for end in each]
    assert Counter(end.outcome for end in ends) == {Outcome.COMPLETED: 2 * STATIONS * 2 * ROUNDS}
    by_us = moves([*mine.lines, *installation.lines])
    by_them = moves(said_by_newer)
    both = {end.command_id for end in ends} & by_us.keys() & by_them.keys()
    assert len(both) > STATIONS, "few commands went through the hands of both"
    completed = moves([*mine.lines, *installation.lines, *said_by_newer], "completed")
    assert {completed[end.command_id] for end in ends} == {1}
    assert {HINT.encode() in body for body in seen} == {True, False}
    for lines in (mine.lines, said_by_newer):
        complaints = [line for _, line in lines if line.get("level") in ("warning", "error")]
        assert complaints == []
