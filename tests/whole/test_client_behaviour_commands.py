"""What each command brings, said once and run twice: on the in-memory double and on everything real."""

import asyncio
from collections.abc import Callable

import pytest
from worlds import TEXTS, WANTED, Client, World, settled

from ocppdiag_contracts.commands import (
    COMMAND_TYPES,
    Cancel,
    ClearVariableMonitoring,
    Command,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    IdToken,
    IdTokenType,
    ListCommands,
    MonitoringBase,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    StationCommand,
    TriggerLogStatus,
)
from ocppdiag_contracts.events import (
    Answer,
    CommandSettled,
    CustomerInformationPartReceived,
    CustomerReport,
    Event,
    LogFile,
    MonitoringReport,
    MonitoringReportPartReceived,
    Outcome,
    TriggeredLogStatus,
)
from ocppdiag_contracts.failures import Failure

LONG = "Müller"
"""A customer of whom so much is known that it takes several parts."""


def asked(station: str) -> list[Command]:
    """One command of each kind."""
    return [
        GetLog(station=station),
        GetMonitoringReport(station=station),
        SetMonitoringBase(station=station, monitoring_base=MonitoringBase.ALL),
        SetMonitoringLevel(station=station, severity=9),
        SetVariableMonitoring(station=station, set_monitoring_data=[WANTED]),
        ClearVariableMonitoring(station=station, monitor_ids=[4711]),
        CustomerInformation(station=station, report=True, customer_identifier=LONG),
        TriggerLogStatus(station=station),
        Cancel(station=station, command_id="nobodys"),
        ListCommands(station=station),
    ]


EXPECTED = {
    "get_log": {"sent", "stored"},
    "get_monitoring_report": {"sent", "part/0", "part/1"},
    "set_monitoring_base": {"sent"},
    "set_monitoring_level": {"sent"},
    "set_variable_monitoring": {"sent"},
    "clear_variable_monitoring": {"sent"},
    "customer_information": {"sent", "part/0", "part/1", "part/2"},
    "trigger_log_status": {"sent"},
    "cancel": set[str](),
    "list_commands": set[str](),
}
"""The steps that a good station's events are named after, beside the first and the last."""


async def followed(client: Client, command: Command) -> list[Event]:
    await settled(client, command)
    return [event async for event in client.follow(command)]


async def test_each_command_has_the_same_events_by_their_ids(world: World, name: str) -> None:
    async with world() as client:
        commands = asked(name)
        assert [type(command) for command in commands] == list(COMMAND_TYPES)
        for command in commands:
            events = await followed(client, command)
            steps = [event.id.removeprefix(f"{name}/{command.id}/") for event in events]
            assert (steps[0], steps[-1]) == ("queued", "settled")
            # Bytes and statuses of a log are as they come, and what follows an answer may overtake it.
            passing = {step for step in steps if step.startswith(("bytes/", "status/"))} | {"accepted"}
            assert set(steps[1:-1]) - passing == EXPECTED[command.command], command.command


async def test_each_command_is_told_the_same_request_id_or_none(world: World, name: str) -> None:
    numbered = {"get_log", "get_monitoring_report", "customer_information"}
    async with world() as client:
        for command in asked(name):
            first = (await followed(client, command))[0]
            assert (getattr(first, "request_id", None) is not None) == (command.command in numbered)


async def test_a_refusal_of_any_command_is_its_final_event(world: World, name: str) -> None:
    async with world() as client:
        for command in asked(f"{name}-rejects"):
            if isinstance(command, StationCommand):  # of the others no station hears
                end = await settled(client, command)
                assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.REJECTED), command.command


async def test_a_report_is_whole_in_its_end_and_in_its_parts(world: World, name: str) -> None:
    async with world() as client:
        events = await followed(client, GetMonitoringReport(station=name))
        parts = [event for event in events if isinstance(event, MonitoringReportPartReceived)]
        end = events[-1]
        assert isinstance(end, CommandSettled)
        assert isinstance(end.result, MonitoringReport)
        assert [part.seq_no for part in parts] == list(range(end.result.parts))
        assert [part.tbc for part in parts] == [True] * (len(parts) - 1) + [False]
        assert [data for part in parts for data in part.monitor] == end.result.monitor
        assert len(parts) > 1


@pytest.mark.parametrize(
    "command",
    [
        lambda station: SetMonitoringBase(station=station, monitoring_base=MonitoringBase.FACTORY_DEFAULT),
        lambda station: SetMonitoringLevel(station=station, severity=3),
    ],
)
async def test_base_and_level_are_answered(
    world: World, name: str, command: Callable[[str], Command]
) -> None:
    async with world() as client:
        end = await settled(client, command(name))
        assert (end.outcome, end.result) == (Outcome.COMPLETED, Answer(status="Accepted"))


async def test_a_station_with_nothing_to_upload_says_idle(world: World, name: str) -> None:
    async with world() as client:
        end = await settled(client, TriggerLogStatus(station=name))
        assert isinstance(end.result, TriggeredLogStatus)
        assert end.result.status == "Idle"


async def test_what_is_known_of_a_customer_goes_to_who_asks_and_to_nobody_else(
    world: World, name: str
) -> None:
    async with world() as client, client.listen(f"*.{name}") as heard:
        command = CustomerInformation(station=name, report=True, customer_identifier=LONG)
        events = await followed(client, command)
        parts = [event.data for event in events if isinstance(event, CustomerInformationPartReceived)]
        end = events[-1]
        assert isinstance(end, CommandSettled)
        assert isinstance(end.result, CustomerReport)
        assert "".join(part or "" for part in parts) == end.result.data == TEXTS[LONG]

        others = []
        async with asyncio.timeout(20):
            async for event in heard:
                if getattr(event, "command_id", None) == command.id:
                    others.append(event)
                if isinstance(event, CommandSettled):
                    break
        # Each goes to the two on its own way; but for the end, nobody is promised their order.
        assert {event.id for event in others} == {event.id for event in events}
        assert "kWh" not in "".join(event.model_dump_json() for event in others)
        assert isinstance(others[-1], CommandSettled)
        assert isinstance(others[-1].result, CustomerReport)
        assert others[-1].result.parts == end.result.parts


async def test_a_customer_who_is_cleared_is_not_known_any_more(world: World, name: str) -> None:
    async with world() as client:
        token = IdToken(id_token="100000C01", type=IdTokenType.CENTRAL)
        asks = CustomerInformation(station=name, report=True, id_token=token)
        clears = CustomerInformation(station=name, clear=True, id_token=token, local_list_version=1)
        told = (await settled(client, asks)).result
        cleared = await settled(client, clears)
        after = (await settled(client, asks.model_copy(update={"id": "again"}))).result
        assert isinstance(told, CustomerReport)
        assert isinstance(after, CustomerReport)
        assert isinstance(cleared.result, CustomerReport)
        assert "14.2 kWh" in (told.data or "")
        assert "14.2 kWh" not in (after.data or "")
        assert (told.local_list, cleared.result.local_list) == (None, "Accepted")


async def test_a_command_can_be_taken_back_only_while_it_waits(world: World, name: str) -> None:
    async with world() as client:
        nobodys = await settled(client, Cancel(station=name, command_id="nobodys"))
        log = GetLog(station=name)
        stored = await settled(client, log)
        ended = await settled(client, Cancel(station=name, command_id=log.id))
        assert isinstance(stored.result, LogFile)
        assert [end.outcome for end in (nobodys, ended)] == [Outcome.REJECTED] * 2
        assert [end.failure for end in (nobodys, ended)] == [Failure.UNKNOWN_COMMAND, Failure.TOO_LATE]


async def test_who_listens_misses_nothing_of_what_is_sent_meanwhile_and_hears_only_his_keys(
    world: World, name: str
) -> None:
    async with (
        world() as client,
        client.listen(f"*.{name}") as everything,
        client.listen(f"command_settled.{name}") as ends,
    ):
        await followed(client, GetLog(station=f"{name}-nobody"))
        for _ in range(2):
            await settled(client, SetMonitoringLevel(station=name, severity=9))
        async with asyncio.timeout(20):
            heard = [(await anext(everything)).event for _ in range(6)]
            assert [(await anext(ends)).event for _ in range(2)] == ["command_settled"] * 2
        assert heard == ["command_queued", "command_sent", "command_settled"] * 2
