"""Commands that wait under real processes that are killed: they go out once, in their order, or end in time."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from bare import bare_station
from installation import Installation
from outages import another_gateway, asked, end_of, heard, kill, level

from ocppdiag_contracts.commands import Cancel, ListCommands
from ocppdiag_contracts.events import CommandWaiting, OpenCommands, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_local.stack import start


async def test_what_waits_outlives_worker_and_gateway_is_listed_and_cancelled_and_goes_out_in_order(
    mine: Installation, name: str
) -> None:
    await mine.password(name)
    async with AsyncExitStack() as exits, mine.diagnostics() as diagnostics:
        commands = [level(name, severity) for severity in range(5)]
        short = level(name, 9, timedelta(seconds=4))
        for command in (*commands, short):
            await diagnostics.send(command)
            await heard(diagnostics, command, CommandWaiting)
        kill(mine, "worker")
        kill(mine, "gateway")
        here = await exits.enter_async_context(another_gateway(mine))
        variables = {
            "OCPPDIAG_AMQP_URL": mine.services.amqp_url,
            "OCPPDIAG_REDIS_URL": mine.services.redis_url,
            "OCPPDIAG_UPLOAD_KEY": mine.keys.upload_key,
            "OCPPDIAG_UPLOAD_URL": mine.running.upload_url,
        }
        await exits.enter_async_context(start("worker", "ocppdiag_workers", variables, lambda *_: None))
        over = await end_of(diagnostics, short)
        assert (over.outcome, over.failure) == (Outcome.EXPIRED, Failure.NOT_CONNECTED)
        assert short.wait_until is not None
        assert abs((over.time - short.wait_until).total_seconds()) < 2
        cancel, listing = Cancel(station=name, command_id=commands[1].id), ListCommands(station=name)
        await diagnostics.send(cancel)
        assert (await end_of(diagnostics, cancel)).outcome is Outcome.COMPLETED
        assert (await end_of(diagnostics, commands[1])).outcome is Outcome.CANCELLED
        await diagnostics.send(listing)
        found = (await end_of(diagnostics, listing)).result
        assert isinstance(found, OpenCommands)
        left = [commands[0], *commands[2:]]
        assert [each.command_id for each in found.commands] == [command.id for command in left]
        async with bare_station(here, name) as station:
            for command in left:
                assert (await end_of(diagnostics, command)).outcome is Outcome.COMPLETED
            assert asked(station, "SetMonitoringLevel") == [{"severity": number} for number in (0, 2, 3, 4)]


async def test_many_that_wait_go_out_in_order_and_the_station_is_never_too_busy(
    installation: Installation, name: str
) -> None:
    await installation.password(name)
    async with installation.diagnostics() as diagnostics, installation.diagnostics() as onlooker:
        commands = [level(name, number % 10) for number in range(60)]
        async with onlooker.listen(f"*.{name}") as events:
            for command in commands:
                await diagnostics.send(command)
                await heard(diagnostics, command, CommandWaiting)
            async with bare_station(installation, name) as station:
                for command in commands:
                    assert (await end_of(diagnostics, command)).outcome is Outcome.COMPLETED
                got = [payload["severity"] for payload in asked(station, "SetMonitoringLevel")]
                assert got == [number % 10 for number in range(60)]
            kinds: list[str] = []
            async with asyncio.timeout(10):
                while kinds.count("command_settled") < len(commands):
                    kinds.append((await anext(events)).event)
            assert kinds.count("command_waiting") == len(commands), "each has waited once"
