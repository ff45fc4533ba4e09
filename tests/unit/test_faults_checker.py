"""The fault suite's checker: it passes what is right, and sees a fault of each kind in histories made by hand."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import marks
import pytest
from checker import check
from histories import Answer, Executed, Heard, Histories, Publish, Told
from histories_made import (
    ACTION,
    BOUND,
    HEALED,
    SPAN,
    STATION,
    add_one,
    drop,
    good,
    heard,
    part_heard,
    part_told,
    promises,
    sent,
    settled,
    swap,
)
from load import Pace, chance, populate, wishes
from verdict import Counts


def test_what_is_right_breaks_no_promise() -> None:
    verdict = check(good(), SPAN)
    parts = sum(len(marks.contents(STATION, ACTION, str(mark))) for mark in (1, 2, 3))
    assert verdict.violations == ()
    assert verdict.commands == Counts(attempted=3, ok=3)
    assert verdict.executions == Counts(attempted=3, ok=3)
    assert verdict.parts == Counts(attempted=parts, ok=parts)
    assert verdict.ends == {"completed": 3}
    assert verdict.recovery == 5.0


def test_a_repeated_event_is_none_that_came_twice() -> None:
    histories = good()
    for mark in (1, 2):
        histories.heard.append(settled(mark, 118))
    again = dict(settled(3, 118).event)
    again["result"] = {**again["result"], "monitor": None}  # as it is told again
    histories.heard.append(Heard(118, again))
    assert check(histories, SPAN).violations == ()


Fault = Callable[[Histories], None]
FAULTS: dict[str, tuple[str, Fault]] = {
    "a final event is dropped": ("end lost", lambda h: drop(h, 2, "command_settled")),
    "a second final event says something else": (
        "end duplicated",
        lambda h: h.heard.append(settled(2, 109, "failed", "station_error")),
    ),
    "a final event comes late": (
        "end late",
        lambda h: swap(h, 2, settled(2, 131)),
    ),
    "a report's part is in no event": ("part lost", lambda h: drop(h, 2, "monitoring_report_part_received")),
    "a part is told that no station has told": (
        "part unexpected",
        lambda h: h.heard.append(part_heard(2, 109, 99, "x")),
    ),
    "an event of a command that nobody sent": ("event unexpected", lambda h: h.heard.append(settled(7, 109))),
    "a CALL that no command asks for": (
        "CALL unexpected",
        lambda h: h.executed.append(Executed(109, STATION, 1, "m9", "GetLog", "9")),
    ),
    "a completed command that no station had": (
        "event unexpected",
        lambda h: h.executed.remove(next(each for each in h.executed if each.mark == "2")),
    ),
    "asked four times": ("executed twice", lambda h: h.executed.extend([h.executed[1]] * 3)),
    "a returned command that ends all the same": (
        "event unexpected",
        lambda h: h.sent.__setitem__(1, replace(h.sent[1], publish=Publish.RETURNED)),
    ),
    "said not to have reached its station": (
        "execution denied",
        lambda h: swap(h, 2, settled(2, 109, "failed", "not_connected")),
    ),
    "well again too late": ("recovers", lambda h: swap(h, 3, settled(3, 126))),
    "never well again": (
        "recovers",
        lambda h: swap(h, 3, settled(3, 115, "failed", "no_answer")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_one_fault_is_seen_and_named(kind: str) -> None:
    promise, fault = FAULTS[kind]
    histories = good()
    fault(histories)
    assert promises(check(histories, SPAN)) == {promise: 1}


def test_recovery_ends_with_the_first_completion_and_the_last_end_that_was_overdue() -> None:
    histories = good()
    add_one(histories, 4, 111)
    assert check(histories, SPAN).recovery == 4.0
    histories.sent.append(sent(5, 89))
    histories.sent.append(sent(6, 85))
    histories.heard.extend(settled(mark, at, "expired", "no_answer") for mark, at in ((5, 117.0), (6, 113.0)))
    assert check(histories, replace(SPAN, excused=120)).recovery == 7.0


def test_what_is_not_as_it_should_be_is_not_counted_as_ok() -> None:
    histories = good()
    histories.executed.append(histories.executed[1])
    histories.heard.append(settled(2, 109, "failed", "station_error"))
    verdict = check(histories, SPAN)
    assert verdict.commands == Counts(attempted=3, ok=2, duplicated=1)
    assert verdict.executions == Counts(attempted=4, ok=2)


def test_what_does_harm_twice_is_executed_once() -> None:
    histories = good()
    histories.executed.extend([histories.executed[1]] * 2)
    assert check(histories, SPAN).violations == ()
    histories.sent[1] = replace(histories.sent[1], repeatable=False)
    assert promises(check(histories, SPAN)) == {"executed twice": 1}


def test_an_unknown_publish_has_one_end_or_none() -> None:
    histories = good()
    histories.sent[1] = replace(histories.sent[1], publish=Publish.UNKNOWN)
    assert check(histories, SPAN).violations == ()
    drop(histories, 2, "command_settled")
    verdict = check(histories, SPAN)
    assert verdict.violations == ()
    assert verdict.commands == Counts(attempted=3, ok=2, unknown=1)
    histories.sent.append(replace(histories.sent[1], publish=Publish.CONFIRMED))  # sent again, and confirmed
    assert promises(check(histories, SPAN)) == {"end lost": 1}


def test_with_the_broker_away_an_end_has_time_until_the_bound_after_the_healing() -> None:
    away = replace(SPAN, excused=HEALED + BOUND)
    assert (away.latest(90), SPAN.latest(90)) == (95, 95)  # before the fault
    assert (away.latest(96), SPAN.latest(96)) == (125, 101)
    assert (away.latest(119), away.latest(121)) == (125, 126)


def test_a_part_without_its_callresult_may_be_in_an_event_or_not() -> None:
    histories = good()
    for answer in (Answer.ERROR, Answer.NONE):
        histories.told.append(part_told(2, 109, 50, "x", answer))
    verdict = check(histories, SPAN)
    assert (verdict.violations, verdict.parts.unknown) == ((), 2)
    histories.told.append(part_told(2, 109, 50, "x", Answer.RESULT))
    assert promises(check(histories, SPAN)) == {"part lost": 1}


def test_of_two_parts_with_one_number_both_are_told() -> None:
    histories = good()
    histories.told.append(part_told(2, 109, 0, "other", Answer.RESULT))
    assert promises(check(histories, SPAN)) == {"part lost": 1}
    other = part_heard(2, 109, 0, "other")
    histories.heard.append(replace(other, event={**other.event, "id": f"{STATION}/c2/part/0/other"}))
    assert check(histories, SPAN).violations == ()


def test_an_event_that_keeps_its_content_to_itself_stands_for_one_part() -> None:
    histories = good()
    for text in ("a", "b"):
        payload = {"requestId": 2, "seqNo": 50, "tbc": False, "data": text}
        histories.told.append(Told(109, STATION, 1, "NotifyCustomerInformation", payload, Answer.RESULT))
    kind = "customer_information_part_received"
    for step, lost in (("x", 1), ("x", 1), ("y", 0)):
        histories.heard.append(heard(2, 109, kind, step, request_id=2, seq_no=50, data=None))
        assert check(histories, SPAN).parts.lost == lost


def test_a_completed_report_is_whole() -> None:
    histories = good()
    drop(histories, 2, "command_settled")
    less = dict(settled(2, 109).event)
    less["result"] = {**less["result"], "monitor": less["result"]["monitor"][1:]}
    histories.heard.append(Heard(109, less))
    assert promises(check(histories, SPAN)) == {"part lost": 1}
    less["result"]["irregularities"] = ["first_part_missing"]  # but it was there
    assert promises(check(histories, SPAN)) == {"part lost": 1}
    drop(histories, 2, "monitoring_report_part_received")
    first = next(each for each in histories.told if each.payload["requestId"] == 2)
    histories.told.remove(first)
    histories.told.append(replace(first, answer=Answer.ERROR))
    assert check(histories, SPAN).violations == ()


@pytest.mark.parametrize("size", [0, 1])
def test_a_completed_log_is_the_stations(size: int) -> None:
    body = marks.log(STATION, "5")
    histories = good()
    histories.sent.append(sent(5, 95, name="get_log", action="GetLog"))
    histories.executed.append(Executed(96, STATION, 1, "m5", "GetLog", "5"))
    file = {"kind": "log_file", "size": len(body) + size, "sha256": marks.digest(body)}
    end = heard(5, 97, "command_settled", "settled", outcome="completed", failure=None, result=file)
    histories.heard.append(end)
    assert promises(check(histories, SPAN)) == ({"part lost": 1} if size else {})


def test_other_stations_events_are_none_of_this_trials() -> None:
    histories = good()
    event = {
        "event": "command_settled",
        "id": "x",
        "station": "CS-9",
        "command_id": "c9",
        "outcome": "expired",
    }
    histories.heard.append(Heard(100, event))
    assert check(histories, SPAN).violations == ()


def test_a_seed_draws_the_same_load_and_each_command_of_a_station_can_be_told_from_the_others() -> None:
    stations = populate("F1", frozenset({"missing", "slow"}))
    drawn = list(islice(wishes(stations, "F1", Pace(), chance(7)), 3000))
    again = islice(wishes(stations, "F1", Pace(), chance(7)), 3000)
    told = [
        (wish.command.station, wish.command.command, marks.of_command(wish.command), wish.again)
        for wish in drawn
    ]
    assert told == [
        (wish.command.station, wish.command.command, marks.of_command(wish.command), wish.again)
        for wish in again
    ]
    assert len({each[:3] for each in told}) == len(drawn)
