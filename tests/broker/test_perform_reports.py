"""Reports in parts through a real Redis and RabbitMQ: each part told once, and all of them in the one end."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Any

import pytest
from reports import GENERATED_AT, monitored
from stage import Stage, kinds

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, GetMonitoringReport, MonitoringBase, SetMonitoringBase
from ocppdiag_contracts.events import (
    EventReported,
    Irregularity,
    MonitoringReport,
    MonitoringReportPartReceived,
    Outcome,
)
from ocppdiag_contracts.events.command_settled import MOST_KEPT
from ocppdiag_contracts.failures import Failure
from ocppdiag_redis import keys
from ocppdiag_workers.parts import GRACE_SECONDS

PART = "monitoring_report_part_received"


async def asked(stage: Stage) -> Command:
    wish = await stage.begun(GetMonitoringReport(**stage.times()))
    await stage.orders()
    return wish


async def part(
    stage: Stage, wish: Command, seq_no: int, *ids: int, tbc: bool = True, of: list[Any] | None = None
) -> link.Called:
    """A part of the report, the next thing that the station says."""
    request_id = (await stage.remembered(wish)).operation.request_id
    content = {
        "requestId": request_id,
        "seqNo": seq_no,
        "tbc": tbc,
        "generatedAt": GENERATED_AT,
        "monitor": of or monitored(*ids),
    }
    return stage.called("NotifyMonitoringReport", content)


async def ended(stage: Stage) -> tuple[list[str], MonitoringReport, list[int]]:
    """What was told, and the result of the one end."""
    events = await stage.events()
    (end,) = {event.id: event for event in events if event.event == "command_settled"}.values()
    assert isinstance(end.result, MonitoringReport)
    ids = [monitor.id for data in end.result.monitor or () for monitor in data.variable_monitoring]
    return kinds(events), end.result, ids


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_parts_in_any_order_and_each_twice_are_told_once_and_all_brought(
    stage: Stage, order: tuple[int, ...]
) -> None:
    wish = await asked(stage)
    await stage.tell(stage.answered(wish, "GetMonitoringReport", {"status": "Accepted"}))
    parts = [await part(stage, wish, number, number, tbc=number < 2) for number in range(3)]
    for number in order:
        await stage.tell(parts[number], parts[number])
    told, result, ids = await ended(stage)
    assert told == ["command_queued", "command_accepted", PART, PART, PART, "command_settled"]
    assert ids == [0, 1, 2]
    assert (result.parts, result.missing, result.irregularities) == (3, [], [])
    assert await stage.redis.run("EXISTS", keys.parts(stage.station, wish.id)) == 0
    assert await stage.alarm(wish) is None
    answers = [order for order in await stage.orders() if isinstance(order, link.Answer)]
    assert len(answers) == 6, "each frame is thanked, however often it comes"


async def test_two_workers_with_the_same_part_at_once_tell_it_once_and_count_it_once(
    stages: Callable[[], Awaitable[Stage]],
) -> None:
    one, other = await stages(), await stages()
    wish = await asked(one)
    for number in range(10):
        record = await part(one, wish, number, number)
        await asyncio.gather(*(stage.tell(record) for stage in (one, other, one, other)))
    last = await part(one, wish, 10, 10, tbc=False)
    await asyncio.gather(*(stage.tell(last) for stage in (one, other, one, other)))
    events = await one.events()
    parts = [event for event in events if isinstance(event, MonitoringReportPartReceived)]
    assert len({event.id for event in parts}) == 11
    assert all(event.command_id == wish.id for event in parts), "none looks like nobody's"
    (end,) = {event.id: event for event in events if event.event == "command_settled"}.values()
    assert isinstance(end.result, MonitoringReport)
    assert end.result.parts == 11
    assert end.result.irregularities == []


async def test_two_workers_with_two_parts_at_once_lose_neither(
    stages: Callable[[], Awaitable[Stage]],
) -> None:
    one, other = await stages(), await stages()
    wish = await asked(one)
    records = [await part(one, wish, number, number, tbc=number < 9) for number in range(10)]
    await asyncio.gather(
        *((one if number % 2 else other).tell(record) for number, record in enumerate(records))
    )
    _, result, ids = await ended(one)
    assert ids == list(range(10))
    assert result.parts == 10


async def test_parts_with_one_number_and_other_content_are_all_kept(stage: Stage) -> None:
    wish = await asked(stage)
    for number in (1, 2, 3):
        record = await part(stage, wish, 0, number, tbc=number < 3)
        await stage.tell(record, record)
    _, result, ids = await ended(stage)
    assert ids == [1, 2, 3]
    assert result.irregularities == [Irregularity.SAME_NUMBER]


async def test_what_comes_again_after_the_end_is_nobodys_news_and_what_is_late_is(stage: Stage) -> None:
    wish = await asked(stage)
    records = [await part(stage, wish, number, number, tbc=number < 1) for number in range(2)]
    await stage.tell(*records)
    await ended(stage)
    await stage.tell(*records)
    assert kinds(await stage.events()) == []
    late = await part(stage, wish, 2, 2)
    await stage.tell(late, late)
    events = await stage.events()
    assert kinds(events) == [PART, PART]
    assert len({event.id for event in events}) == 1, "the same frame is the same event"
    (event,) = {event.id: event for event in events}.values()
    assert isinstance(event, MonitoringReportPartReceived)
    assert (event.command_id, event.seq_no) == (None, 2)


async def test_a_part_that_fills_a_hole_after_the_end_is_told_however_old_it_is(stage: Stage) -> None:
    wish = await asked(stage)
    records = [await part(stage, wish, number, number, tbc=number < 2) for number in range(3)]
    await stage.tell(records[0], records[2])
    await stage.performer.wake(stage.station, wish.id, stage.at + GRACE_SECONDS)
    assert (await stage.settled()).failure is Failure.PARTS_MISSING
    await stage.tell(*records)
    (late,) = await stage.events()
    assert isinstance(late, MonitoringReportPartReceived)
    assert (late.command_id, late.seq_no) == (None, 1)


@pytest.mark.parametrize("count", [MOST_KEPT, MOST_KEPT + 1])
async def test_an_end_that_is_told_again_has_its_monitors_unless_they_are_many(
    stage: Stage, count: int
) -> None:
    wish = await stage.begun(GetMonitoringReport(**stage.times()), stage.reply_to)
    record = await part(stage, wish, 0, tbc=False, of=[monitored(number)[0] for number in range(count)])
    await stage.tell(record)
    end = await stage.settled()
    assert isinstance(end.result, MonitoringReport)
    assert len(end.result.monitor or ()) == count
    assert end in await stage.replies()
    await stage.command(wish, stage.reply_to)
    (again,) = await stage.replies()
    kept = end.result if count == MOST_KEPT else end.result.model_copy(update={"monitor": None})
    assert again == end.model_copy(update={"result": kept})


async def test_a_hole_is_looked_at_when_its_grace_is_over(stage: Stage) -> None:
    wish = await asked(stage)
    await stage.tell(await part(stage, wish, 0, 1), await part(stage, wish, 2, 3, tbc=False))
    alarm = await stage.alarm(wish)
    assert alarm == pytest.approx(stage.at + GRACE_SECONDS)
    await stage.performer.wake(stage.station, wish.id, stage.at + GRACE_SECONDS)
    end = await stage.settled()
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.PARTS_MISSING)
    assert isinstance(end.result, MonitoringReport)
    assert (end.result.missing, end.result.parts) == ([1], 2)
    assert await stage.redis.run("EXISTS", keys.parts(stage.station, wish.id)) == 0


async def test_what_a_report_says_of_monitors_is_what_their_events_are_told_with(stage: Stage) -> None:
    wish = await asked(stage)
    await stage.tell(await part(stage, wish, 0, 7, tbc=False))
    await stage.events()
    assert await fired(stage) == [4]
    who = {"vendorName": "v", "model": "m"}
    await stage.tell(stage.called("BootNotification", {"reason": "PowerUp", "chargingStation": who}))
    await stage.events()
    assert await fired(stage) == [None], "after a boot the number may be another monitor's"


@pytest.mark.parametrize(("status", "severity"), [("Accepted", None), ("Rejected", 4)])
async def test_after_a_base_was_set_nothing_is_known_of_monitors(
    stage: Stage, status: str, severity: int | None
) -> None:
    wish = await asked(stage)
    await stage.tell(await part(stage, wish, 0, 7, tbc=False))
    base = SetMonitoringBase(**stage.times(), monitoring_base=MonitoringBase.FACTORY_DEFAULT)
    await stage.command(base)
    await stage.tell(stage.answered(base, "SetMonitoringBase", {"status": status}))
    await stage.events()
    assert await fired(stage) == [severity]


async def fired(stage: Stage) -> list[int | None]:
    """The severities of the events that a NotifyEvent of monitor 7 makes."""
    data = {
        "eventId": 1,
        "timestamp": GENERATED_AT,
        "trigger": "Delta",
        "actualValue": "1",
        "component": {"name": "EVSE"},
        "eventNotificationType": "CustomMonitor",
        "variable": {"name": "Power"},
        "variableMonitoringId": 7,
    }
    content = {"generatedAt": GENERATED_AT, "seqNo": 0, "eventData": [data]}
    await stage.tell(stage.called("NotifyEvent", content))
    return [event.severity for event in await stage.events() if isinstance(event, EventReported)]
