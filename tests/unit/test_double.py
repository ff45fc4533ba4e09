"""What the in-memory double has beside the client: stations that speak, come and go by themselves, and what was sent."""

import asyncio
from datetime import UTC, datetime

import pytest

from ocppdiag_client.testing import InMemoryDiagnostics
from ocppdiag_contracts import Command, CommandSettled, Failure, GetLog, LogType, Outcome
from ocppdiag_contracts.commands import IfOffline, ListCommands, SetMonitoringLevel
from ocppdiag_contracts.events import (
    CustomerInformationPartReceived,
    LogElsewhere,
    OpenCommands,
    SecurityEventReported,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAMPERED = SecurityEventReported(
    id="x", time=NOW, station="CS-1", type="TamperDetectionActivated", happened_at=NOW
)


async def test_who_looks_on_hears_what_a_station_says_by_itself_under_his_keys() -> None:
    double = InMemoryDiagnostics()
    async with double.listen("security_event_reported.CS-1") as one, double.listen() as everything:
        double.tell(TAMPERED.model_copy(update={"station": "CS-2"}))
        double.tell(TAMPERED)
        assert await anext(one) == TAMPERED
        assert (await anext(everything)).station == "CS-2"


async def test_nobody_who_looks_on_hears_what_is_personal() -> None:
    double = InMemoryDiagnostics()
    part = CustomerInformationPartReceived(
        id="x", time=NOW, station="CS-1", command_id=None, request_id=1, seq_no=0, tbc=False, generated_at=NOW,
        data="canary",
    )  # fmt: skip
    async with double.listen("customer_information_part_received.*") as heard:
        double.tell(part)
        assert "canary" not in (await anext(heard)).model_dump_json()


async def test_a_log_that_goes_elsewhere_is_nowhere_of_ours() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1")
    command = GetLog(station="CS-1", remote_location="sftp://joe:canary@archive.example.com/in/")
    await double.send(command)
    events = [event async for event in double.follow(command)]
    end = await double.settle(command)
    assert isinstance(end.result, LogElsewhere)
    assert end.result.host == "archive.example.com"
    assert "log_stored" not in [event.event for event in events]
    assert "canary" not in "".join(event.model_dump_json() for event in events)


async def test_what_was_sent_is_there_for_assertions_and_failures_are_as_told() -> None:
    double = InMemoryDiagnostics()
    double.add_failing_station("CS-1", Failure.BUSY)
    command = GetLog(station="CS-1", log_type=LogType.SECURITY)
    await double.send(command)
    end = await double.settle(command)
    assert double.sent == [command]
    assert (end.failure, end.retry) == (Failure.BUSY, Failure.BUSY.retry)


def test_a_station_needs_a_possible_name() -> None:
    with pytest.raises(ValueError, match="must be"):
        InMemoryDiagnostics().add_station("a/b")


async def end_of(double: InMemoryDiagnostics, command: Command) -> CommandSettled:
    return await asyncio.wait_for(double.settle(command), 5)


def waiting(severity: int = 5) -> SetMonitoringLevel:
    return SetMonitoringLevel(station="CS-1", severity=severity, if_offline=IfOffline.WAIT)


async def sent_and_heard(double: InMemoryDiagnostics, command: Command, last: str) -> list[str]:
    """Send a command; its events up to the one of this name."""
    await double.send(command)
    steps: list[str] = []
    async with asyncio.timeout(5):
        async for event in double.follow(command):
            steps.append(event.event)
            if event.event == last:
                break
    return steps


async def test_a_station_may_go_and_come_back() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1")
    double.disconnect("CS-1")
    away = GetLog(station="CS-1")
    await double.send(away)
    assert (await end_of(double, away)).failure is Failure.NOT_CONNECTED
    command = waiting()
    assert await sent_and_heard(double, command, "command_waiting") == ["command_queued", "command_waiting"]
    double.connect("CS-1")
    assert (await end_of(double, command)).outcome is Outcome.COMPLETED


async def test_a_station_that_comes_and_goes_at_once_is_waited_for_again() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1", connected=False)
    command = waiting()
    await sent_and_heard(double, command, "command_waiting")
    double.connect("CS-1")
    double.disconnect("CS-1")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(double.settle(command), 0.1)
    double.connect("CS-1")
    assert (await end_of(double, command)).outcome is Outcome.COMPLETED


async def test_what_waits_for_one_station_does_not_go_out_for_another() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1", connected=False)
    double.add_station("CS-2", connected=False)
    command = waiting()
    await sent_and_heard(double, command, "command_waiting")
    double.connect("CS-2")
    listing = ListCommands(station="CS-2")
    await double.send(listing)
    assert (await end_of(double, listing)).result == OpenCommands(commands=[])
    listing = ListCommands(station="CS-1")
    await double.send(listing)
    found = (await end_of(double, listing)).result
    assert isinstance(found, OpenCommands)
    assert [one.state for one in found.commands] == ["waiting"]


async def test_a_command_that_comes_again_at_once_is_queued_and_its_end_is_told_once() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1")
    command = GetLog(station="CS-1")
    async with double.listen() as heard:
        await double.send(command)
        steps = await sent_and_heard(double, command, "command_settled")
        assert steps[:2] == ["command_queued", "command_repeated"]
        await double.send(command)
        told = [(await anext(heard)).event for _ in steps]
        assert told == steps
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(heard), 0.05)


async def test_a_station_that_fails_does_so_for_what_it_is_asked_and_only_for_that() -> None:
    double = InMemoryDiagnostics()
    double.add_failing_station("CS-1", Failure.REJECTED, outcome=Outcome.REJECTED)
    listing, level = ListCommands(station="CS-1"), SetMonitoringLevel(station="CS-1", severity=1)
    for command in (listing, level):
        await double.send(command)
    assert (await end_of(double, listing)).outcome is Outcome.COMPLETED
    assert (await end_of(double, level)).failure is Failure.REJECTED


def test_nobody_connects_or_disconnects_a_station_that_there_is_not() -> None:
    double = InMemoryDiagnostics()
    for wrong in (double.connect, double.disconnect):
        with pytest.raises(KeyError):
            wrong("CS-1")
