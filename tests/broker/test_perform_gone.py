"""Connections that go with a CALL under way, with a word or without: asked again where that does no harm, else the end."""

import time

import pytest
from msgspec.structs import replace
from offline import back, boot, come, ends, grow_old, leave, told, wake
from stage import Stage, kinds

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import GetLog, GetMonitoringReport, SetMonitoringLevel
from ocppdiag_contracts.events import CommandWaiting
from ocppdiag_redis import keys
from ocppdiag_workers.operation import State
from ocppdiag_workers.presence import LOOK_SECONDS, LOST_SECONDS


async def asked(stage: Stage) -> tuple[GetLog, SetMonitoringLevel]:
    """A log and a level, whose CALLs have both left on the connection that stands; neither was to wait."""
    await stage.connect()
    await boot(stage)
    log, severity = stage.wish(due_in=600), SetMonitoringLevel(**stage.times(), severity=3)
    for command in (log, severity):
        await stage.command(command)
        await stage.tell(told(stage, link.Sent, command))
    assert len(await stage.calls()) == 2
    await stage.events()
    return log, severity


async def test_only_what_may_be_repeated_waits_for_the_next_connection(stage: Stage) -> None:
    log, severity = await asked(stage)
    await stage.tell(told(stage, link.Lost, log), told(stage, link.Lost, severity))
    events = await stage.events()
    assert ends(events) == {log.id: ("failed", "connection_lost")}
    (said,) = [event for event in events if isinstance(event, CommandWaiting)]
    assert (said.command_id, said.reason, said.until) == (severity.id, "connection_lost", severity.due)
    await leave(stage)
    await back(stage)
    (call,) = await stage.calls()
    assert (call.tag, call.epoch) == (severity.id, stage.epoch)
    await stage.tell(stage.answered(severity, "SetMonitoringLevel", {"status": "Accepted"}))
    assert ends(await stage.events()) == {severity.id: ("completed", None)}


async def test_a_station_that_goes_a_third_time_is_given_up(stage: Stage) -> None:
    _, severity = await asked(stage)
    calls = []
    for _ in range(2):
        await stage.tell(told(stage, link.Lost, severity))
        await back(stage)
        calls += await stage.calls()
        await stage.tell(told(stage, link.Sent, severity))
    assert len({call.message_id for call in calls}) == 2
    await stage.tell(told(stage, link.Lost, severity))
    events = await stage.events()
    assert ends(events) == {severity.id: ("failed", "connection_lost")}
    assert kinds(events).count("command_sent") == 0, "it was told as sent before"


async def test_a_gateway_that_was_killed_is_found_out_by_the_stations_next_connection(stage: Stage) -> None:
    log, severity = await asked(stage)
    await stage.connect(stage.node)
    before = stage.epoch
    await come(stage)
    assert stage.epoch > before
    for command in (log, severity):
        assert await stage.alarm(command) == pytest.approx(time.time() + LOST_SECONDS, abs=1)
        await wake(stage, command)
    assert ends(await stage.events()) == {log.id: ("failed", "connection_lost")}
    assert await stage.calls() == [], "it has not booted yet"
    await boot(stage)
    assert [call.tag for call in await stage.calls()] == [severity.id]


async def test_a_boot_before_the_loss_is_known_does_not_leave_the_command_behind(stage: Stage) -> None:
    _, severity = await asked(stage)
    lost = told(stage, link.Lost, severity)
    await back(stage)
    assert await stage.calls() == []
    await stage.tell(lost)
    assert [call.tag for call in await stage.calls()] == [severity.id]


async def test_a_connection_that_still_stands_is_not_taken_for_gone(stage: Stage) -> None:
    log, severity = await asked(stage)
    for command in (log, severity):
        alarm = await wake(stage, command)
        assert alarm == pytest.approx(time.time() + LOOK_SECONDS, abs=2)
        assert (await stage.remembered(command)).operation.state is State.SENT
        assert await stage.alarm(command) == pytest.approx(alarm + LOOK_SECONDS, abs=0.1)
    assert await stage.events() == []


async def test_a_lease_that_has_run_out_without_a_word_is_a_lost_connection(stage: Stage) -> None:
    log, severity = await asked(stage)
    await stage.redis.run("DEL", keys.lease(stage.station))
    for command in (log, severity):
        await wake(stage, command)
        assert (await stage.remembered(command)).operation.state is not State.SENT
    assert ends(await stage.events()) == {log.id: ("failed", "connection_lost")}
    await back(stage)
    assert [call.tag for call in await stage.calls()] == [severity.id]


async def test_what_comes_late_of_the_old_connection_changes_nothing_on_the_new_one(stage: Stage) -> None:
    _, severity = await asked(stage)
    late = [
        stage.answered(severity, "SetMonitoringLevel", {"status": "Rejected"}),
        stage.errored(severity, "InternalError", ""),
        told(stage, link.TimedOut, severity),
        told(stage, link.Refused, severity, reason="gone"),
        lost := told(stage, link.Lost, severity),
        told(stage, link.Sent, severity),
    ]
    await stage.tell(lost)
    await stage.tell(*late)
    await back(stage)
    await stage.calls()
    before = (await stage.remembered(severity)).operation
    await stage.tell(*late)
    assert (await stage.remembered(severity)).operation == before
    await stage.tell(told(stage, link.Sent, severity), *late)
    assert (await stage.remembered(severity)).operation.state is State.SENT
    await stage.tell(stage.answered(severity, "SetMonitoringLevel", {"status": "Accepted"}))
    assert ends(await stage.events()) == {severity.id: ("completed", None)}


async def test_a_report_that_is_asked_again_has_the_request_id_that_it_had(stage: Stage) -> None:
    await stage.connect()
    await boot(stage)
    command = GetMonitoringReport(**stage.times())
    await stage.command(command)
    (first,) = await stage.calls()
    await stage.tell(told(stage, link.Sent, command), told(stage, link.Lost, command))
    await come(stage)
    await grow_old(stage, 6)
    await wake(stage, command)
    (second,) = await stage.calls()
    assert (bytes(second.payload), second.epoch) == (bytes(first.payload), stage.epoch)
    assert second.message_id != first.message_id


async def test_a_command_that_comes_again_after_its_deadline_is_not_said_to_have_never_left(
    stage: Stage,
) -> None:
    """Its order is with the gateway: that it is too late to order it again says nothing of the first time."""
    wish = await stage.begun(stage.wish(due_in=600))
    assert len(await stage.calls()) == 1
    remembered = await stage.remembered(wish)
    over = replace(remembered.operation, due=time.time() - 1)
    assert await stage.memory.commit(over, (), remembered.revision, time.time())
    await stage.command(wish)
    assert await stage.calls() == []
    assert ends(await stage.events()) == {}
    await stage.performer.wake(stage.station, wish.id, time.time())
    assert ends(await stage.events()) == {wish.id: ("expired", "no_answer")}
