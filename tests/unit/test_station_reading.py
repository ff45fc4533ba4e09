"""What the simulated station reports of its monitors and variables, and in which parts (N02, B06, 3.4)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_ocpp.device_model import Component, Evse, Variable
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages.clear_variable_monitoring import ClearVariableMonitoringRequest
from ocppdiag_ocpp.messages.get_monitoring_report import GetMonitoringReportRequest
from ocppdiag_ocpp.messages.get_variables import GetVariableData
from ocppdiag_ocpp.messages.notify_monitoring_report import MonitoringData
from ocppdiag_station import notices
from ocppdiag_station.device import device
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.limits import beyond
from ocppdiag_station.reading import get_variable, report

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MODEL = DeviceModel(now=NOW)
EVERYTHING = 7
"""Variables of a station with two EVSEs that have monitors: three for each EVSE, one for the station."""


def found(**filters: Any) -> set[str]:  # noqa: ANN401 (JSON)
    request = GetMonitoringReportRequest.model_validate({"requestId": 1, **filters})
    return {_name(item) for item in report(MODEL, request)}


def _name(item: MonitoringData) -> str:
    evse = f"#{item.component.evse.id}" if item.component.evse else ""
    types = "/".join(monitor.type.value for monitor in item.variable_monitoring)
    return f"{item.component.name}{evse}.{item.variable.name}:{types}"


def wanted(component: str, variable: str | None = None, evse: int | None = None) -> dict[str, Any]:
    where: dict[str, Any] = {"name": component} | ({"evse": {"id": evse}} if evse else {})
    return {"component": where} | ({"variable": {"name": variable}} if variable else {})


def test_no_filter_finds_everything_with_all_monitors_of_a_variable_together() -> None:
    assert len(found()) == EVERYTHING
    assert "EVSE#1.Temperature:UpperThreshold/LowerThreshold" in found()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"monitoringCriteria": ["DeltaMonitoring"]}, {"EVSE#1.Problem:Delta", "EVSE#2.Problem:Delta"}),
        ({"monitoringCriteria": ["PeriodicMonitoring"]}, set()),
        ({"componentVariable": [wanted("evse", "POWER", 2)]}, {"EVSE#2.Power:UpperThreshold"}),
        (
            {"componentVariable": [wanted("EVSE", "Power")]},
            {"EVSE#1.Power:UpperThreshold", "EVSE#2.Power:UpperThreshold"},
        ),
        (
            {"componentVariable": [wanted("EVSE", None, 1)], "monitoringCriteria": ["DeltaMonitoring"]},
            {"EVSE#1.Problem:Delta"},
        ),
        (
            {
                "componentVariable": [wanted("EVSE", "Power", 1)],
                "monitoringCriteria": ["DeltaMonitoring", "PeriodicMonitoring"],
            },
            set(),
        ),
        ({"componentVariable": [wanted("ChargingStation", "Power")]}, set()),
        ({"componentVariable": [wanted("Kettle")]}, set()),
        (
            {"componentVariable": [wanted("ChargingStation"), wanted("EVSE", "Problem", 2)]},
            {"ChargingStation.Temperature:UpperThreshold", "EVSE#2.Problem:Delta"},
        ),
    ],
    ids=str,
)
def test_filters_intersect_and_what_they_leave_out_is_a_wildcard(
    filters: dict[str, Any], expected: set[str]
) -> None:
    assert found(**filters) == expected


@given(st.integers(1, 30), st.integers(0, 30))
def test_parts_hold_everything_once_in_order_and_only_the_last_is_the_last(
    per_part: int, sensors: int
) -> None:
    model = DeviceModel(device(2, sensors), now=NOW)
    data = report(model, GetMonitoringReportRequest(request_id=7))
    parts = list(notices.report(data, 7, per_part, NOW))
    assert [item for part in parts for item in part.monitor or ()] == data
    assert [part.seq_no for part in parts] == list(range(len(parts)))
    assert [part.tbc for part in parts] == [True] * (len(parts) - 1) + [False]
    assert all(len(part.monitor or ()) == per_part for part in parts[:-1])
    assert {part.request_id for part in parts} == {7}


@pytest.mark.parametrize(
    ("component", "variable", "attribute", "status", "value"),
    [
        ("MonitoringCtrlr", "ItemsPerMessage[ClearVariableMonitoring]", "Actual", "Accepted", "10"),
        ("monitoringctrlr", "itemspermessage[SETVARIABLEMONITORING]", "Actual", "Accepted", "10"),
        ("OCPPCommCtrlr", "FileTransferProtocols", "Actual", "Accepted", "HTTP,HTTPS"),
        ("MonitoringCtrlr", "ItemsPerMessage", "Actual", "UnknownVariable", None),
        ("Kettle", "Power", "Actual", "UnknownComponent", None),
        ("SecurityCtrlr", "BasicAuthPassword", "Actual", "Rejected", None),
        ("ChargingStation", "Power", "Target", "NotSupportedAttributeType", None),
    ],
)
def test_variables_are_read_or_the_answer_says_why_not(
    component: str, variable: str, attribute: str, status: str, value: str | None
) -> None:
    name, _, instance = variable.rstrip("]").partition("[")
    item = GetVariableData.model_validate(
        {
            "component": {"name": component},
            "variable": {"name": name} | ({"instance": instance} if instance else {}),
            "attributeType": attribute,
        }
    )
    result = get_variable(MODEL, item)
    assert (result.attribute_status, result.attribute_value) == (status, value)


def test_more_than_fits_into_a_message_is_refused_with_the_code_that_says_so() -> None:
    ten = ClearVariableMonitoringRequest(id=list(range(10)))
    assert beyond(MODEL, ten, 100) is None
    assert beyond(MODEL, ten, 10_000) is ErrorCode.FORMAT_VIOLATION
    eleven = ClearVariableMonitoringRequest(id=list(range(11)))
    assert beyond(MODEL, eleven, 100) is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


def test_a_connector_that_is_not_there_has_no_state() -> None:
    assert notices.connector_status(MODEL, 3, 1, NOW) is None
    there = notices.connector_status(MODEL, 2, 1, NOW)
    assert there
    assert (there.evse_id, there.connector_status) == (2, "Available")


def test_stations_of_one_kind_share_what_they_were_delivered_with() -> None:
    other = DeviceModel(now=NOW)
    assert other.delivered is MODEL.delivered
    key = next(iter(other.delivered.variables))
    other.set(key, "changed", NOW)
    assert MODEL.value(key) != "changed"


def test_an_evse_has_its_own_components() -> None:
    assert device(3).connectors() == [(1, 1), (2, 1), (3, 1)]
    assert Component(name="EVSE", evse=Evse(id=3)) in {
        there.component for there in device(3).variables.values()
    }
    assert Variable(name="Power") in {there.variable for there in device(3).variables.values()}
