"""SetVariableMonitoring: each monitor's result is found by what the monitor is, whatever the order and the spelling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations import STATION, Life, answered

from ocppdiag_contracts.commands import SetVariableMonitoring, WantedMonitor
from ocppdiag_contracts.device_model import Component, Evse, MonitorType, Variable
from ocppdiag_contracts.events import MonitorsSet, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
WANTED = (
    WantedMonitor(
        component=Component(name="EVSE", evse=Evse(id=1), instance="Left"),
        variable=Variable(name="Power", instance="L1"),
        type=MonitorType.UPPER_THRESHOLD,
        value=22000.5,
        severity=4,
    ),
    WantedMonitor(
        component=Component(name="EVSE", evse=Evse(id=2)),
        variable=Variable(name="Power"),
        type=MonitorType.UPPER_THRESHOLD,
        value=1,
        severity=4,
    ),
    WantedMonitor(
        component=Component(name="EVSE", evse=Evse(id=2)),
        variable=Variable(name="Power"),
        type=MonitorType.DELTA,
        value=1,
        severity=4,
        transaction=True,
    ),
    WantedMonitor(
        component=Component(name="EVSE", evse=Evse(id=2)),
        variable=Variable(name="Power"),
        type=MonitorType.DELTA,
        value=1,
        severity=5,
        id=9,
    ),
)


def asked(*wanted: WantedMonitor, version: str = "ocpp2.0.1") -> Life:
    return Life(SetVariableMonitoring(id="c1", station=STATION, set_monitoring_data=list(wanted)), version)


def result(wanted: dict[str, Any], number: int, status: str = "Accepted") -> dict[str, Any]:
    """A station's result for one item of a request."""
    same = {name: wanted[name] for name in ("component", "variable", "type", "severity")}
    return {**same, "id": number, "status": status}


def shouted(content: Any) -> Any:  # noqa: ANN401 (JSON)
    """The same with the names of components and variables in capitals."""
    if isinstance(content, dict):
        names = ("name", "instance")
        return {key: value.upper() if key in names else shouted(value) for key, value in content.items()}
    return content


def ids(life: Life) -> list[int | None]:
    assert isinstance(life.end.result, MonitorsSet)
    return [one.id for one in life.end.result.results]


def answer(life: Life, *results: dict[str, Any]) -> Life:
    return life.hear(answered({"setMonitoringResult": list(results)}, life.operation.turn))


@given(
    order=st.permutations(range(4)),
    loud=st.booleans(),
    version=st.sampled_from(VERSIONS),
    count=st.integers(1, 4),
)
def test_results_are_found_in_any_order_and_spelling_and_what_is_missing_is_none(
    *, order: list[int], loud: bool, version: str, count: int
) -> None:
    life = asked(*WANTED, version=version).hear(news.TimedOut(1))
    action, content = life.ask()
    assert action == "SetVariableMonitoring"
    items = content["setMonitoringData"]
    given_back = [result(items[index], 100 + index) for index in order[:count]]
    answer(life, *(shouted(item) if loud else item for item in given_back))
    assert ids(life) == [100 + index if index in order[:count] else None for index in range(4)]
    assert life.end.outcome is (Outcome.COMPLETED if count == 4 else Outcome.FAILED)
    assert isinstance(life.end.result, MonitorsSet)
    for wanted, told in zip(WANTED, life.end.result.results, strict=True):
        assert (told.component, told.variable) == (wanted.component, wanted.variable), "as the command had it"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_request_has_each_monitor_as_it_was_wanted(version: str) -> None:
    life = asked(*WANTED, version=version).hear(news.TimedOut(1))
    items = life.ask()[1]["setMonitoringData"]
    assert items[0] == {
        "component": {"name": "EVSE", "evse": {"id": 1}, "instance": "Left"},
        "variable": {"name": "Power", "instance": "L1"},
        "type": "UpperThreshold",
        "value": 22000.5,
        "severity": 4,
    }
    assert (items[2]["transaction"], items[3]["id"]) == (True, 9)


def test_a_station_that_spells_nothing_as_it_was_asked_is_taken_at_its_word_by_place() -> None:
    life = asked(*WANTED[:2]).hear(news.TimedOut(1))
    items = life.ask()[1]["setMonitoringData"]
    strange = [{**result(item, number), "severity": 0} for number, item in enumerate(items, 10)]
    answer(life, *strange)
    assert ids(life) == [10, 11]


def test_as_many_results_of_other_monitors_are_not_taken_by_place_when_one_is_known() -> None:
    life = asked(*WANTED[:2]).hear(news.TimedOut(1))
    items = life.ask()[1]["setMonitoringData"]
    answer(life, {**result(items[0], 10), "severity": 0}, result(items[0], 11))
    assert ids(life) == [11, None]


@pytest.mark.parametrize("content", [{"setMonitoringResult": []}, {}])
def test_an_empty_list_says_nothing_of_any(content: object) -> None:
    life = asked(WANTED[0]).hear(answered(content))
    assert ids(life) == [None]
    assert life.end.failure is Failure.REJECTED


def test_an_answer_that_is_none_is_a_fault_of_the_station() -> None:
    assert asked(WANTED[0]).hear(answered({"setMonitoringResult": [{}]})).end.failure is Failure.STATION_ERROR


@pytest.mark.parametrize(
    ("status", "version"),
    [
        ("Rejected", "ocpp2.0.1"),
        ("Duplicate", "ocpp2.0.1"),
        ("UnknownComponent", "ocpp2.0.1"),
        ("UnsupportedMonitorType", "ocpp2.0.1"),
        ("OutOfRange", "ocpp2.0"),
    ],
)
def test_what_one_monitor_met_does_not_stop_the_others(status: str, version: str) -> None:
    life = asked(*WANTED[:2], version=version).hear(news.TimedOut(1))
    items = life.ask()[1]["setMonitoringData"]
    answer(life, result(items[0], 10, status), result(items[1], 11))
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.PARTLY_DONE)
    assert life.end.detail == "the station accepted 1 of 2"
    assert isinstance(life.end.result, MonitorsSet)
    assert [one.status for one in life.end.result.results] == [status, "Accepted"]
    assert [dict(seen.severities) for seen in life.seen] == [{11: 4}], "only what is there is known"
