"""Stations that are not connected, said once and run twice: on the in-memory double and on everything real."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from worlds import Absence, Absent, Client, World, settled

from ocppdiag_contracts.commands import (
    Cancel,
    Command,
    GetLog,
    IfOffline,
    ListCommands,
    SetMonitoringLevel,
    StationCommand,
    TriggerLogStatus,
)
from ocppdiag_contracts.events import (
    CommandQueued,
    CommandRepeated,
    CommandSettled,
    CommandWaiting,
    Event,
    OpenCommands,
    Outcome,
    Waiting,
)
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.model import now

HOUR = timedelta(hours=1)


def level(station: str, severity: int = 5, until: timedelta = HOUR) -> SetMonitoringLevel:
    """A command that waits."""
    return SetMonitoringLevel(
        station=station, severity=severity, if_offline=IfOffline.WAIT, wait_until=now() + until
    )


async def until(kind: type[Event], client: Client, command: Command) -> Event:
    """The first event of this kind."""
    async with asyncio.timeout(20):
        async for event in client.follow(command):
            if isinstance(event, kind):
                return event
    raise AssertionError


async def waits(client: Client, command: StationCommand) -> None:
    """Send a command, and see that it waits."""
    await client.send(command)  # type: ignore[arg-type]  # one of the listed
    waiting = await until(CommandWaiting, client, command)  # type: ignore[arg-type]
    assert isinstance(waiting, CommandWaiting)
    assert (waiting.reason, waiting.until) == (Waiting.NOT_CONNECTED, command.waits_until)


async def end_of(client: Client, command: Command) -> CommandSettled:
    return await asyncio.wait_for(client.settle(command), 20)


async def events_of(client: Client, command: Command) -> list[Event]:
    await end_of(client, command)
    return [event async for event in client.follow(command)]


async def listed(absence: Absence) -> OpenCommands:
    end = await settled(absence.client, ListCommands(station=absence.station))
    assert end.outcome is Outcome.COMPLETED
    assert isinstance(end.result, OpenCommands)
    return end.result


async def test_a_command_that_does_not_wait_fails_at_once(absent: Absent) -> None:
    async with absent() as absence:
        command = GetLog(station=absence.station)
        end = await settled(absence.client, command)
        assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.NOT_CONNECTED)
        assert end.retry is Retry.SAFE
        kinds = [type(event) for event in await events_of(absence.client, command)]
        assert kinds == [CommandQueued, CommandSettled]


async def test_commands_that_wait_go_out_in_their_order_when_the_station_is_back(absent: Absent) -> None:
    async with absent() as absence, absence.client.listen(f"command_sent.{absence.station}") as sent:
        commands = [level(absence.station, severity) for severity in range(5)]
        for command in commands:
            await waits(absence.client, command)
        async with absence.over():
            for command in commands:
                assert (await end_of(absence.client, command)).outcome is Outcome.COMPLETED
            went: dict[str | None, datetime] = {}
            with suppress(
                TimeoutError
            ):  # the word that one has left may be overtaken by its answer, and then it is not told
                async with asyncio.timeout(5):
                    while len(went) < len(commands):
                        event = await anext(sent)
                        went[getattr(event, "command_id", None)] = event.time
        assert len(went) > 1
        # When each has left, because the words of different commands may overtake each other.
        times = [went[command.id] for command in commands if command.id in went]
        assert times == sorted(times)
        steps = [event.event for event in await events_of(absence.client, commands[0])]
        told = [step for step in steps if step != "command_sent"]
        assert told == ["command_queued", "command_waiting", "command_settled"]


async def test_a_wait_that_is_over_is_the_end(absent: Absent) -> None:
    async with absent() as absence:
        command = level(absence.station, until=timedelta(seconds=1.5))
        await waits(absence.client, command)
        end = await end_of(absence.client, command)
        assert (end.outcome, end.failure, end.retry) == (
            Outcome.EXPIRED,
            Failure.NOT_CONNECTED,
            Retry.SAFE,
        )
        assert command.wait_until is not None
        assert command.wait_until <= now() < command.due
        async with absence.over():
            assert (await listed(absence)).commands == []
        assert await end_of(absence.client, command) == end


async def test_a_command_that_waits_can_be_taken_back(absent: Absent) -> None:
    async with absent() as absence:
        first, second = level(absence.station, 1), level(absence.station, 2)
        await waits(absence.client, first)
        await waits(absence.client, second)
        cancel = await settled(absence.client, Cancel(station=absence.station, command_id=first.id))
        assert cancel.outcome is Outcome.COMPLETED
        end = await end_of(absence.client, first)
        assert (end.outcome, end.failure) == (Outcome.CANCELLED, Failure.CANCELLED)
        again = await settled(absence.client, Cancel(station=absence.station, command_id=first.id))
        assert (again.outcome, again.failure) == (Outcome.REJECTED, Failure.TOO_LATE)
        async with absence.over():
            assert (await end_of(absence.client, second)).outcome is Outcome.COMPLETED
        assert "command_sent" not in [event.event for event in await events_of(absence.client, first)]


async def test_what_waits_is_listed_in_its_order_and_the_list_is_not_in_it(absent: Absent) -> None:
    async with absent() as absence:
        log = GetLog(station=absence.station, if_offline=IfOffline.WAIT)
        trigger = TriggerLogStatus(station=absence.station, if_offline=IfOffline.WAIT, deadline=now() + HOUR)
        assert (await listed(absence)).commands == []
        for command in (log, trigger):
            await waits(absence.client, command)
        found = (await listed(absence)).commands
        assert [one.command_id for one in found] == [log.id, trigger.id]
        assert [one.command for one in found] == ["get_log", "trigger_log_status"]
        assert {one.state for one in found} == {"waiting"}
        assert [(one.deadline, one.waits_until) for one in found] == [
            (log.due, log.due),
            (trigger.deadline, trigger.deadline),
        ]
        assert [one.request_id is not None for one in found] == [True, False]
        async with absence.over():
            for command in (log, trigger):
                assert (await end_of(absence.client, command)).outcome is Outcome.COMPLETED
            assert (await listed(absence)).commands == []


async def test_a_command_that_comes_again_while_it_waits_is_told_so_and_carried_out_once(
    absent: Absent,
) -> None:
    async with absent() as absence:
        command = level(absence.station, 1)
        await waits(absence.client, command)
        await absence.client.send(command)
        repeated = await until(CommandRepeated, absence.client, command)
        assert isinstance(repeated, CommandRepeated)
        assert (repeated.state, repeated.command) == ("waiting", "set_monitoring_level")
        assert (repeated.deadline, repeated.request_id) == (command.due, None)
        # The id decides: what else is in it now does not count.
        await absence.client.send(command.model_copy(update={"severity": 9}))
        assert [one.command_id for one in (await listed(absence)).commands] == [command.id]
        async with absence.over():
            assert (await end_of(absence.client, command)).outcome is Outcome.COMPLETED
        steps = [event.event for event in await events_of(absence.client, command)]
        assert [steps.count(name) for name in ("command_queued", "command_sent", "command_settled")] == [
            1
        ] * 3


async def test_a_service_that_was_restarted_sends_its_command_again_and_hears_how_it_goes_on(
    absent: Absent,
) -> None:
    async with absent() as absence:
        command = level(absence.station)
        await waits(absence.client, command)
        async with absence.restarted() as client:
            await client.send(command)
            repeated = await until(CommandRepeated, client, command)
            assert isinstance(repeated, CommandRepeated)
            assert repeated.state == "waiting"
            async with absence.over():
                assert (await end_of(client, command)).outcome is Outcome.COMPLETED


async def test_a_station_that_was_never_here_is_not_waited_for(world: World, name: str) -> None:
    async with world() as client:
        end = await settled(client, level(f"{name}-nobody"))
        assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.UNKNOWN_STATION)


async def test_a_station_that_is_there_is_asked_at_once_whoever_would_wait(world: World, name: str) -> None:
    async with world() as client:
        command = level(name)
        assert (await settled(client, command)).outcome is Outcome.COMPLETED
        assert "command_waiting" not in [event.event for event in await events_of(client, command)]
