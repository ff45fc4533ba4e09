"""Which monitors a simulated station may be given, and which each base leaves it (N03 to N06). No clock, no socket."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitors import (
    NOW,
    PRECONFIGURED_POWER,
    STATE,
    STATION,
    TEMPERATURE,
    WIRED,
    ask,
    model,
    only_the_wired,
    told,
)

from ocppdiag_ocpp.device_model import Component, Evse, Variable
from ocppdiag_ocpp.messages.notify_event import EventNotification
from ocppdiag_ocpp.messages.set_monitoring_base import MonitoringBase
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.monitoring import clear_monitor


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
