"""The simulated station's monitors: what fires, what does not, and what may be set (N03 to N08). No clock, no socket."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_ocpp.device_model import Component, Evse, MonitorType, Variable
from ocppdiag_ocpp.messages.notify_event import EventNotification, EventTrigger
from ocppdiag_ocpp.messages.set_monitoring_base import MonitoringBase
from ocppdiag_ocpp.messages.set_variable_monitoring import SetMonitoringData, SetMonitoringResult
from ocppdiag_station.device import key_of
from ocppdiag_station.device_model import DeviceModel, Event
from ocppdiag_station.monitoring import clear_monitor, set_monitor

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
EVSE = Component(name="EVSE", evse=Evse(id=1))
STATION = Component(name="ChargingStation")
POWER, STATE, TEMPERATURE = (Variable(name=name) for name in ("Power", "AvailabilityState", "Temperature"))
WIRED, PRECONFIGURED_POWER = 1, 3


def model() -> DeviceModel:
    made = DeviceModel(now=NOW)
    number = next(m.id for m in made.monitors() if m.key == key_of(EVSE, POWER))
    assert number == PRECONFIGURED_POWER
    return made


def ask(
    made: DeviceModel,
    kind: str = "UpperThreshold",
    value: float = 100,
    *,
    severity: int = 5,
    component: Component = EVSE,
    variable: Variable = POWER,
    now: datetime = NOW,
    **more: Any,  # noqa: ANN401 (of several types)
) -> tuple[SetMonitoringResult, list[Event]]:
    # As a station gets it: with what only the text forbids still in it.
    item = SetMonitoringData.model_construct(
        value=value,
        type=MonitorType(kind),
        severity=severity,
        component=component,
        variable=variable,
        **{"id": None, "transaction": False, **more},
    )
    return set_monitor(made, item, now)


def told(
    made: DeviceModel, value: object, component: Component = EVSE, variable: Variable = POWER
) -> list[tuple[EventTrigger, bool, int | None]]:
    events = made.set(key_of(component, variable), str(value), NOW)
    return [(event.trigger, event.cleared, event.monitor.id if event.monitor else None) for event in events]


def only_the_wired(made: DeviceModel) -> DeviceModel:
    made.set_base(MonitoringBase.HARD_WIRED_ONLY, NOW)
    return made


ALERT, OVER = (EventTrigger.ALERTING, False), (EventTrigger.ALERTING, True)


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


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"component": Component(name="Kettle")}, "UnknownComponent"),
        ({"component": Component(name="EVSE", evse=Evse(id=9))}, "UnknownComponent"),
        ({"variable": Variable(name="Colour")}, "UnknownVariable"),
        ({"variable": STATE}, "UnsupportedMonitorType"),
        ({"value": 10**9}, "Rejected"),
        ({"kind": "Delta", "value": -1}, "Rejected"),
        ({"kind": "Periodic", "value": 0}, "Rejected"),
        ({"severity": 10}, "Rejected"),
        ({"value": 22_000, "severity": 4}, "Duplicate"),
        ({"id": 4711}, "Rejected"),
        ({"id": PRECONFIGURED_POWER, "component": STATION}, "Rejected"),
        ({"id": WIRED, "component": STATION, "variable": TEMPERATURE, "value": 50}, "Rejected"),
        ({"id": PRECONFIGURED_POWER}, "Accepted"),
        (
            {"component": Component(name="evse", evse=Evse(id=1)), "variable": Variable(name="POWER")},
            "Accepted",
        ),
    ],
)
def test_what_cannot_be_set_says_why(change: dict[str, Any], status: str) -> None:
    made = model()
    before = list(made.monitors())
    result, _ = ask(made, **change)
    assert result.status == status
    assert (result.id is not None) == (status == "Accepted")
    if status != "Accepted":
        assert list(made.monitors()) == before


@given(st.integers(1, 15), st.sets(st.integers(0, 14)))
def test_no_two_monitors_ever_have_one_id(more: int, cleared: set[int]) -> None:
    made = model()
    seen = {monitor.id for monitor in made.monitors()}
    for number in range(more):
        result, _ = ask(
            made, value=number, severity=number % 10, kind="Delta" if number > 9 else "UpperThreshold"
        )
        if result.status == "Accepted":
            assert result.id is not None
            assert result.id not in seen
            seen.add(result.id)
            if number in cleared:
                clear_monitor(made, result.id)


def test_clearing_answers_for_each_id() -> None:
    made = model()
    custom, _ = ask(made)
    assert custom.id is not None
    asked = (custom.id, custom.id, WIRED, PRECONFIGURED_POWER, 4711)
    assert [clear_monitor(made, number).status for number in asked] == [
        "Accepted",
        "NotFound",
        "Rejected",
        "Accepted",
        "NotFound",
    ]


def kinds(made: DeviceModel) -> set[EventNotification]:
    return {monitor.kind for monitor in made.monitors()}


def test_each_base_keeps_and_brings_back_what_it_should() -> None:
    made = model()
    delivered = list(made.monitors())
    ask(made, severity=6)
    changed, _ = ask(made, id=PRECONFIGURED_POWER, value=1000)
    clear_monitor(made, PRECONFIGURED_POWER + 1)
    assert changed.id == PRECONFIGURED_POWER

    made.set_base(MonitoringBase.ALL, NOW)
    kept = made.monitor(PRECONFIGURED_POWER)
    assert kept
    assert (kept.value, kept.kind) == (1000, EventNotification.CUSTOM_MONITOR), "what was changed stays so"
    assert len(list(made.monitors())) == len(delivered) + 1, "what was cleared is back, what was set is there"

    made.set_base(MonitoringBase.FACTORY_DEFAULT, NOW)
    assert list(made.monitors()) == delivered

    ask(made)
    made.set_base(MonitoringBase.HARD_WIRED_ONLY, NOW)
    assert kinds(made) == {EventNotification.HARD_WIRED_MONITOR}

    made.set_base(MonitoringBase.ALL, NOW)
    assert list(made.monitors()) == delivered


def test_a_base_that_brings_back_a_monitor_which_is_beyond_tells_so() -> None:
    made = only_the_wired(model())
    told(made, 23_000)
    events = made.set_base(MonitoringBase.FACTORY_DEFAULT, NOW)
    assert [event.monitor and event.monitor.id for event in events] == [PRECONFIGURED_POWER]
