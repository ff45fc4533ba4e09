"""Redis emptied under commands that are open and commands that have ended: each has had one end when its time is over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import aio_pika
import own_servers
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage
from installation import Installation, install
from stage import until

from ocppdiag_contracts import CommandSettled, Failure, GetLog, Outcome
from ocppdiag_contracts.events import EVENT
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.servers import RABBITMQ, REDIS
from ocppdiag_local.services import Services

OPEN = 12
ENDED = 8
LONGEST = 14.0
"""Seconds to the last deadline."""

SETTLED = timedelta(seconds=5)
REBUILT_SECONDS = 15.0


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path: Path) -> AsyncIterator[Installation]:
    """Servers and processes of the test's own: nobody else's Redis is emptied, and no other worker helps out."""
    with own_servers.own(tmp_path, RABBITMQ, REDIS) as (amqp_url, redis_url):
        async with install(Services(amqp_url, redis_url, "the test's own"), tmp_path) as made:
            yield made


async def test_each_command_has_one_end_by_its_deadline_and_five_seconds_and_the_directory_comes_back(
    own: Installation,
) -> None:
    ends: list[tuple[CommandSettled, float]] = []

    async def hear(message: AbstractIncomingMessage) -> None:
        event = EVENT.validate_json(message.body)
        assert isinstance(event, CommandSettled)
        ends.append((event, now().timestamp()))

    async with AsyncExitStack() as exits:
        connection = await exits.enter_async_context(await aio_pika.connect(own.services.amqp_url))
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind(EVENTS.name, "command_settled.#")
        await queue.consume(hear, no_ack=True)
        for number in range(OPEN):
            await exits.enter_async_context(own.station(f"silent-{number}", "never-answers"))
        for number in range(ENDED):
            await exits.enter_async_context(own.station(f"good-{number}"))
        diagnostics = await exits.enter_async_context(own.diagnostics())

        first = now()
        deadlines = [first + timedelta(seconds=LONGEST * (0.5 + number / OPEN / 2)) for number in range(OPEN)]
        opened = [GetLog(station=f"silent-{number}", deadline=due) for number, due in enumerate(deadlines)]
        ended = [GetLog(station=f"good-{number}", deadline=deadlines[number]) for number in range(ENDED)]
        for command in (*opened, *ended):
            await diagnostics.send(command)
        before = await asyncio.gather(*(asyncio.wait_for(diagnostics.settle(each), 10) for each in ended))
        assert {end.outcome for end in before} == {Outcome.COMPLETED}
        keys_before = await own.redis.run("DBSIZE")

        await own.redis.run("FLUSHALL")
        assert keys_before > OPEN + ENDED

        async def rebuilt() -> bool:
            stations = [command.station for command in (*opened, *ended)]
            return all([await own.directory.find(station) for station in stations])

        await until(rebuilt, within=REBUILT_SECONDS)

        for command in (*ended, opened[-1]):  # as who does not know what became of them
            await diagnostics.send(command)
        again = GetLog(station="good-0")
        await diagnostics.send(again)
        assert (await asyncio.wait_for(diagnostics.settle(again), 10)).outcome is Outcome.COMPLETED
        # Every guard has been here once more after it has told an end, and has seen that there is nothing to do.
        await asyncio.sleep(max(0, (max(deadlines) + SETTLED - now()).total_seconds()) + 3)

    # The same end may be told again, another one never.
    told = Counter(
        command_id for command_id, _ in {(end.command_id, end.model_dump_json()) for end, _ in ends}
    )
    assert told == Counter(command.id for command in (*opened, *ended, again))
    by_command = {end.command_id: (end, at) for end, at in reversed(ends)}
    for command in opened:
        end, at = by_command[command.id]
        assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.RECORD_LOST)
        sooner = command is opened[-1]  # because it was sent again
        assert (command.due.timestamp() <= at) is not sooner
        assert at <= (command.due + SETTLED).timestamp()
    assert {by_command[command.id][0].outcome for command in ended} == {Outcome.COMPLETED}
    assert not own.said("message_failed")
    assert not own.said("message_parked")
