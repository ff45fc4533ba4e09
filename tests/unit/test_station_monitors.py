"""The simulated station's monitors: what fires, and what does not (N07, N08). No clock, no socket."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitors import ALERT, NOW, OVER, STATE, ask, model, only_the_wired, told

from ocppdiag_ocpp.device_model import Component, Variable
from ocppdiag_ocpp.messages.notify_event import EventTrigger
from ocppdiag_station.device import key_of
from ocppdiag_station.monitoring import clear_monitor


@pytest.mark.parametrize(
    ("kind", "beyond", "within"), [("UpperThreshold", 101, 99), ("LowerThreshold", 99, 101)]
)
def test_a_threshold_alerts_strictly_beyond_and_is_cleared_back_inside(
    kind: str, beyond: float, within: float
) -> None:
    made = only_the_wired(model())
    told(made, within)
    result, _ = ask(made, kind)
    assert result.id is not None
    assert told(made, 100) == []
    assert told(made, beyond) == [(*ALERT, result.id)]
    assert told(made, beyond) == [], "it is told once"
    assert told(made, 100) == [(*OVER, result.id)], "the threshold itself is inside"
    assert told(made, within) == []


@given(st.lists(st.integers(-200, 200), max_size=20))
def test_alerts_and_their_ends_take_turns(values: list[int]) -> None:
    made = only_the_wired(model())
    ask(made, value=100)
    events = [event for value in values for event in told(made, value)]
    assert [cleared for _, cleared, _ in events] == [bool(turn % 2) for turn in range(len(events))]
    assert len(events) % 2 == (bool(values) and values[-1] > 100)


def test_a_delta_compares_with_what_was_last_told() -> None:
    made = only_the_wired(model())
    told(made, 50)
    result, _ = ask(made, "Delta", 10)
    delta = (EventTrigger.DELTA, False, result.id)
    assert [told(made, value) for value in (60, 55, 61, 55, 71, 72)] == [[], [], [delta], [], [], [delta]]


def test_a_delta_on_what_is_no_number_is_told_at_any_change() -> None:
    made = model()
    result, _ = ask(made, "Delta", 1, variable=STATE)
    delta = (EventTrigger.DELTA, False, result.id)
    states = ("Available", "Occupied", "Occupied", "Available")
    assert [told(made, state, variable=STATE) for state in states] == [[], [delta], [], [delta]]


def test_a_periodic_monitor_is_told_once_a_period_and_not_made_up_for() -> None:
    made = model()
    assert made.next_due() is None
    result, _ = ask(made, "Periodic", 60)
    assert made.next_due() == NOW + timedelta(seconds=60)
    assert made.tick(NOW + timedelta(seconds=59)) == []
    (event,) = made.tick(NOW + timedelta(seconds=200))
    assert (event.trigger, event.monitor and event.monitor.id) == (EventTrigger.PERIODIC, result.id)
    assert made.next_due() == NOW + timedelta(seconds=260)


def test_a_clock_aligned_monitor_is_told_on_the_full_period() -> None:
    made = model()
    ask(made, "PeriodicClockAligned", 900)
    due = made.next_due()
    assert due == datetime(2026, 1, 31, 12, 15, tzinfo=UTC)
    assert len(made.tick(due)) == 1
    assert made.next_due() == datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


def test_what_is_less_severe_than_the_level_is_not_told() -> None:
    made = only_the_wired(model())
    quiet, _ = ask(made, severity=5)
    loud, _ = ask(made, severity=4)
    made.set_level(4, NOW)
    assert told(made, 101) == [(*ALERT, loud.id)]
    made.set_level(5, NOW)
    assert told(made, 0) == [(*OVER, quiet.id), (*OVER, loud.id)]


def test_what_watches_transactions_only_is_silent_without_one() -> None:
    made = only_the_wired(model())
    ask(made, transaction=True)
    assert told(made, 101) == []


def test_a_replaced_threshold_is_judged_again() -> None:
    made = only_the_wired(model())
    result, _ = ask(made, value=100)
    told(made, 110)
    _, events = ask(made, value=120, id=result.id)
    assert [(event.trigger, event.cleared) for event in events] == [OVER]
    _, events = ask(made, value=105, id=result.id)
    assert [(event.trigger, event.cleared) for event in events] == [ALERT]
    _, events = ask(made, value=106, id=result.id)
    assert events == []


def test_clearing_a_monitor_that_alerts_tells_nothing() -> None:
    made = only_the_wired(model())
    result, _ = ask(made)
    told(made, 101)
    assert result.id is not None
    assert clear_monitor(made, result.id).status == "Accepted"
    assert told(made, 0) == []


def test_a_write_only_variable_is_told_of_without_its_value() -> None:
    made = model()
    where, what = Component(name="SecurityCtrlr"), Variable(name="BasicAuthPassword")
    ask(made, "Delta", 1, component=where, variable=what)
    (event,) = made.set(key_of(where, what), "secret", NOW)
    assert event.value == ""
