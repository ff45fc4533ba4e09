"""What is simple is done together, and of what is not nothing is done: each reason for that, with nothing but memory."""

import json
import time
from collections.abc import Callable, Sequence
from copy import deepcopy

import pytest
from letterbox import CONNECTOR, HEARTBEAT, LOG, SENT, Diary, Hands, of
from operations import REQUEST_ID, STATION, TABLE, answered, called, decided
from reports import customer_part, monitors_part

from ocppdiag_contracts.commands import (
    CommandModel,
    CustomerInformation,
    GetMonitoringReport,
    SetMonitoringLevel,
    TriggerLogStatus,
)
from ocppdiag_workers import news
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.feature import Inform, Severities
from ocppdiag_workers.letters import letters
from ocppdiag_workers.operation import State
from ocppdiag_workers.records import Change, Remembered
from ocppdiag_workers.together import Taken
from ocppdiag_workers.written import Told

REPORT = GetMonitoringReport(id="c1", station=STATION)
CUSTOMER = CustomerInformation(id="c1", station=STATION, customer_identifier="one", report=True)
UPLOADING = called("LogStatusNotification", {"status": "Uploading", "requestId": REQUEST_ID})


def unclaimed() -> tuple[Told, ...]:
    return decided(CONNECTOR).events


@pytest.mark.parametrize(
    "decision",
    [
        decided(HEARTBEAT),
        decided(CONNECTOR),
        Decision(STATION),
        Decision(STATION, (Inform(SENT, request=("log", 99)),)),
        Decision(STATION, (Inform(SENT, family="nobody's"),)),
    ],
)
async def test_what_no_operation_hears_of_is_taken_and_nothing_is_written(decision: Decision) -> None:
    hands = Hands()
    assert await hands.take(decision) == [Taken(decision)]
    assert hands.done == []


@pytest.mark.parametrize(
    ("command", "decision", "state"),
    [
        (LOG, of(SENT), State.SENT),
        (LOG, of(answered({"status": "Accepted"})), State.ACCEPTED),
        (LOG, of(answered({"status": "Rejected"})), State.REJECTED),
        (LOG, of(news.Refused(1.0, "busy")), State.FAILED),
        (LOG, of(news.Lost(1.0)), State.FAILED),
        (LOG, decided(UPLOADING), State.QUEUED),
        (CUSTOMER, decided(customer_part(0, "a")), State.QUEUED),
    ],
)
async def test_news_for_one_operation_is_written_with_its_events_and_only_then_told(
    command: CommandModel, decision: Decision, state: State
) -> None:
    hands = Hands()
    hands.keep(command)
    taken = await hands.take(decision)
    assert hands.done == ["commit c1"]
    assert hands.now().state is state
    assert taken[0].change is not None
    assert hands.memory.kept.operations["c1"].unsent == taken[0].change.told != ()
    await hands.together.finish(taken)
    assert hands.memory.kept.operations["c1"].unsent == ()
    assert (hands.memory.kept.finals.get("c1") is not None) is hands.now().ended


async def test_news_that_changes_nothing_writes_nothing_and_is_answered() -> None:
    hands = Hands()
    hands.keep()
    await hands.together.finish(await hands.take(decided(UPLOADING)))
    hands.done.clear()
    await hands.together.finish(await hands.take(decided(UPLOADING)))
    assert hands.done == ["answer m-1 at node"]


def waiting(hands: Hands) -> Decision:
    hands.keep(waits=1, waits_until=2.0)
    return of(SENT)


def ended(hands: Hands) -> Decision:
    hands.keep(state=State.FAILED)
    return of(SENT)


def with_unsent(hands: Hands) -> Decision:
    operation = hands.keep()
    told = letters(TABLE.advance(operation, SENT).events)
    hands.memory.kept.operations["c1"] = Remembered(operation, 1, told)
    return of(answered({"status": "Accepted"}))


def for_two(hands: Hands) -> Decision:
    hands.keep()
    hands.keep(SetMonitoringLevel(id="c2", station=STATION, severity=3))
    return Decision(STATION, (Inform(SENT, "c1"), Inform(SENT, "c2")))


def for_a_family(hands: Hands) -> Decision:
    hands.keep()
    hands.keep(TriggerLogStatus(id="c2", station=STATION), state=State.SENT)
    return decided(called("LogStatusNotification", {"status": "Idle"}))


def superseding(hands: Hands) -> Decision:
    hands.keep()
    return of(answered({"status": "AcceptedCanceled"}))


def waking_sooner(hands: Hands) -> Decision:
    hands.keep(CUSTOMER, state=State.ACCEPTED)
    return decided(customer_part(1, "b", tbc=False))


def begins_to_wait(hands: Hands) -> Decision:
    hands.keep(waits_until=100.0)
    return of(news.Refused(1.0, "gone"))


def asking_again(hands: Hands) -> Decision:
    hands.keep(turn=1)
    return of(SENT)


def begun_in_another_redis(hands: Hands) -> Decision:
    hands.keep(store="another")
    return of(news.Refused(1.0, "busy"))


LEFT: list[Callable[[Hands], Decision]] = [
    lambda _: Decision(STATION, connects=1),
    lambda _: Decision(STATION, accepts=1),
    lambda _: Decision(STATION, severities=Severities((), lambda _: ())),
    lambda _: Decision(STATION, forgets_monitors=True),
    lambda _: Decision(STATION, (Inform(SENT, "c9", unclaimed=unclaimed),)),
    lambda _: Decision(STATION, (Inform(SENT, request=("log", 99), assumed="log"),)),
    lambda _: Decision(STATION, (Inform(SENT, request=("log", 99), unclaimed=unclaimed),)),
    for_two,
    for_a_family,
    waiting,
    ended,
    with_unsent,
    superseding,
    waking_sooner,
    begins_to_wait,
    asking_again,
    begun_in_another_redis,
]


@pytest.mark.parametrize("why", LEFT)
async def test_what_is_not_simple_is_left_and_nothing_of_it_is_done(why: Callable[[Hands], Decision]) -> None:
    hands = Hands()
    decision = why(hands)
    before = deepcopy(hands.memory.kept)
    heartbeat = decided(HEARTBEAT)
    assert await hands.together.take([decision, heartbeat]) == [None, Taken(heartbeat)]
    assert hands.memory.kept == before
    assert hands.done == []


async def test_news_of_an_operation_that_is_not_there_is_nobodys_and_needs_nothing() -> None:
    hands = Hands()
    decision = of(SENT)
    assert await hands.together.take([decision]) == [Taken(decision)]
    assert hands.done == []


async def test_of_two_records_for_one_operation_one_is_taken_and_the_other_finds_it_moved_on() -> None:
    hands = Hands()
    hands.keep()
    first, second = await hands.together.take([of(SENT), of(answered({"status": "Accepted"}))])
    assert first is not None
    assert second is None
    assert hands.now().state is State.SENT


async def test_an_operation_that_was_moved_on_between_look_up_and_write_is_left_alone() -> None:
    class Overtaken(Diary):
        async def commit_all(self, changes: Sequence[Change], now: float) -> list[bool]:
            there = self.kept.operations["c2"]
            self.kept.operations["c2"] = Remembered(there.operation, there.revision + 1)
            return await super().commit_all(changes, now)

    hands = Hands(Overtaken())
    hands.keep()
    mine, other = of(SENT), of(SENT, "c2")
    before = hands.keep(SetMonitoringLevel(id="c2", station=STATION, severity=3))
    taken = await hands.together.take([mine, other])
    assert [each is not None for each in taken] == [True, False]
    assert hands.now("c1").state is State.SENT
    assert hands.memory.kept.operations["c2"] == Remembered(before, 2)


async def test_what_is_seen_of_monitors_is_remembered_with_the_part() -> None:
    hands = Hands()
    hands.keep(REPORT)
    (taken,) = await hands.take(decided(monitors_part(0, 1)))
    assert taken
    assert taken.change
    assert hands.memory.kept.monitors
    assert hands.memory.kept.parts["c1"]


async def test_the_last_part_of_all_ends_the_report_with_the_others_that_lie_there() -> None:
    hands = Hands()
    hands.keep(CUSTOMER, state=State.ACCEPTED)
    await hands.together.finish(await hands.take(decided(customer_part(0, "a", tbc=True))))
    (taken,) = await hands.take(decided(customer_part(1, "b", tbc=False)))
    assert taken
    assert taken.change
    assert taken.change.operation.state is State.COMPLETED
    (*_, end) = taken.change.told
    assert end.whole is not None
    assert json.loads(bytes(end.whole))["result"]["data"] == "ab"
    assert "c1" not in hands.memory.kept.parts


async def test_what_comes_while_somebody_tells_of_the_operation_is_taken_and_the_alarm_sees_to_the_rest() -> (
    None
):
    hands = Hands()
    operation = hands.keep(wake_at=time.time() + 600)
    told = letters(TABLE.advance(operation, news.Sent(time.time(), 0, (1, 1))).events)
    hands.memory.kept.operations["c1"] = Remembered(operation, 1, told)
    hands.memory.kept.deadlines["c1"] = operation.wake_at
    (taken,) = await hands.take(of(answered({"status": "Rejected"})))
    assert taken
    await hands.together.finish([taken])
    assert hands.now().state is State.REJECTED
    assert hands.memory.kept.operations["c1"].unsent == told
    assert hands.memory.kept.deadlines["c1"] < time.time() + 10
