"""A support engineer at a terminal: see a station's monitors, set one and watch it fire, clear it."""

import csv
import json
from collections.abc import Iterator
from io import StringIO

import pytest
from engineer import Served, both, ocppdiag, serving, wait_for

from ocppdiag_local.services import Services

COLD = ["--variable", "EVSE#1/Temperature", "--type", "LowerThreshold", "--value", "30.5", "--severity", "5"]


@pytest.fixture(scope="module")
def served(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(services, tmp_path_factory.mktemp("monitoring")) as terminal:
        yield terminal


@pytest.fixture
def station(served: Served, name: str) -> str:
    return served.station(name)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_a_report_is_a_table_for_people_and_rows_for_scripts(served: Served, station: str) -> None:
    text = ocppdiag(served.home, "get-monitoring-report", station)
    assert "received  2 parts" in text
    assert "ChargingStation" in text
    assert "UpperThreshold" in text
    table, notices = both(served.home, "get-monitoring-report", station, "--csv")
    monitors = rows(table)
    assert len(monitors) == 9
    assert monitors[0]["component"] == "ChargingStation"
    assert (monitors[2]["evse"], monitors[2]["variable"], monitors[2]["value"]) == ("1", "Power", "22000")
    assert "completed" in notices
    events = [
        json.loads(line)
        for line in ocppdiag(served.home, "get-monitoring-report", station, "--json").splitlines()
    ]
    assert len(events[-1]["result"]["monitor"]) == 7  # variables, of which two have two


def test_a_report_is_filtered_by_kind_component_and_variable(served: Served, station: str) -> None:
    def seen(*filters: str) -> list[tuple[str, str, str]]:
        table, _ = both(served.home, "get-monitoring-report", station, "--csv", *filters)
        return [(monitor["component"], monitor["evse"], monitor["variable"]) for monitor in rows(table)]

    assert seen("--criteria", "DeltaMonitoring") == [("EVSE", "1", "Problem"), ("EVSE", "2", "Problem")]
    assert seen("--variable", "EVSE#2/Power") == [("EVSE", "2", "Power")]
    assert seen("--variable", "EVSE#2/Power", "--component", "ChargingStation") == [
        ("ChargingStation", "", "Temperature"),
        ("EVSE", "2", "Power"),
    ]
    assert seen("--criteria", "PeriodicMonitoring") == []


def test_a_monitor_is_set_watched_as_it_fires_and_cleared(served: Served, station: str) -> None:
    arguments = ["set-variable-monitoring", station, *COLD, "--watch"]
    with served.open(*arguments, until="event ") as (process, log):
        wait_for("EVSE#1/Temperature is 25, Alerting, ", log, process)
        assert process.poll() is None
    text = log.read_text()
    assert text.index("completed") < text.index("Accepted") < text.index("event ")
    table, _ = both(served.home, "get-monitoring-report", station, "--csv", "--component", "EVSE#1")
    (made,) = [monitor for monitor in rows(table) if monitor["value"] == "30.5"]
    assert f"monitor {made['id']}" in text
    table, _ = both(served.home, "clear-variable-monitoring", station, made["id"], "--csv")
    assert rows(table) == [{"id": made["id"], "status": "Accepted", "reason": ""}]
    gone = ocppdiag(served.home, "clear-variable-monitoring", station, made["id"], code=1)
    assert "NotFound" in gone


def test_several_monitors_are_set_from_a_list(served: Served, station: str) -> None:
    monitors = [
        {
            "component": {"name": "EVSE", "evse": {"id": evse}},
            "variable": {"name": name},
            "type": "Delta",
            "value": 1,
            "severity": 8,
        }
        for evse in (1, 2)
        for name in ("AvailabilityState", "NoSuchVariable")
    ]
    table, notices = both(
        served.home,
        "set-variable-monitoring", station, "--from", "-", "--csv",
        code=1,
        given=json.dumps(monitors),
    )  # fmt: skip
    statuses = [(result["evse"], result["variable"], result["status"]) for result in rows(table)]
    assert statuses == [
        ("1", "AvailabilityState", "Accepted"),
        ("1", "NoSuchVariable", "UnknownVariable"),
        ("2", "AvailabilityState", "Accepted"),
        ("2", "NoSuchVariable", "UnknownVariable"),
    ]
    assert "partly_done" in notices


def test_base_and_level_are_set(served: Served, station: str) -> None:
    assert "answered Accepted" in ocppdiag(served.home, "set-monitoring-level", station, "4")
    assert "answered Accepted" in ocppdiag(served.home, "set-monitoring-base", station, "HardWiredOnly")
    table, _ = both(served.home, "get-monitoring-report", station, "--csv")
    assert [monitor["component"] for monitor in rows(table)] == ["ChargingStation"]


def test_a_report_with_a_hole_is_shown_with_a_warning_and_is_no_success(served: Served, name: str) -> None:
    station = served.station(name, "parts-gap")
    table, notices = both(served.home, "get-monitoring-report", station, "--csv", "--deadline", "5s", code=1)
    assert "parts 1 have not come" in notices
    assert len(rows(table)) > 0
