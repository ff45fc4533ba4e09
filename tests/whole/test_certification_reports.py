"""OCPP's certification tests of a CSMS about lists of monitors, played by an independent station, each by its number."""

import pytest
from installation import Installation
from ocpp.v201 import call, call_result
from tester import Payload, ScriptedStation, end_of, scripted_station

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.device_model import MonitoringData
from ocppdiag_contracts.events import MonitoringReport

DELTA = "DeltaMonitoring"
THRESHOLD = "ThresholdMonitoring"

CHARGING_STATION: Payload = {"name": "ChargingStation"}
EVSE: Payload = {"name": "EVSE", "evse": {"id": 1}}


def on(component: Payload, variable: str) -> Payload:
    """Spelled alike in our commands, in the package and on the wire."""
    return {"component": component, "variable": {"name": variable}}


def monitors(number: int, component: Payload, variable: str) -> Payload:
    """Two monitors on one variable, as the package wants them."""
    both = [
        {"id": number, "transaction": False, "value": 22000.0, "type": "UpperThreshold", "severity": 4},
        {"id": number + 1, "transaction": True, "value": 0.5, "type": "LowerThreshold", "severity": 9},
    ]
    return {**on(component, variable), "variable_monitoring": both}


FOUND = [
    monitors(1, CHARGING_STATION, "Power"),
    monitors(3, EVSE, "Power"),
    monitors(5, EVSE, "AvailabilityState"),
]
"""Each in a part of its own."""


async def asked_for_report(
    station: ScriptedStation, operator: Diagnostics, command: GetMonitoringReport
) -> tuple[int, Payload]:
    """Return the requestId of the station's request, and everything else in it."""
    await operator.send(command)
    request = await station.asked("GetMonitoringReport")
    return request["requestId"], {name: value for name, value in request.items() if name != "requestId"}


async def nothing_found(station: ScriptedStation, operator: Diagnostics, **filters: object) -> Payload:
    """Ask for a report, which is empty, and return what was asked for; the operator sees that there is none."""
    command = GetMonitoringReport(station=station.id, **filters)
    _, asked = await asked_for_report(station, operator, command)
    await station.answers(call_result.GetMonitoringReport(status="EmptyResultSet"))
    settled = await end_of(command, operator)
    assert settled.outcome is Outcome.COMPLETED, settled
    assert settled.result == MonitoringReport(parts=0, monitor=[])
    return asked


async def something_found(station: ScriptedStation, operator: Diagnostics, **filters: object) -> Payload:
    """Ask for a report, which comes in parts, and return what was asked for; the operator sees all monitors."""
    command = GetMonitoringReport(station=station.id, **filters)
    request_id, asked = await asked_for_report(station, operator, command)
    await station.answers(call_result.GetMonitoringReport(status="Accepted"))
    for number, found in enumerate(FOUND):
        more = True if number + 1 < len(FOUND) else None  # absent: no more
        await station.says(
            call.NotifyMonitoringReport(request_id, number, "2026-01-31T12:00:00Z", [found], tbc=more)
        )
    settled = await end_of(command, operator)
    assert settled.outcome is Outcome.COMPLETED, settled
    seen = [MonitoringData.model_validate(found) for found in FOUND]
    assert settled.result == MonitoringReport(parts=len(FOUND), monitor=seen)
    return asked


async def test_tc_n_01_csms_a_report_by_criteria_leaves_components_out(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        asked = await nothing_found(station, operator, monitoring_criteria=[DELTA])
        assert asked == {"monitoringCriteria": [DELTA]}
        asked = await something_found(station, operator, monitoring_criteria=[THRESHOLD])
        assert asked == {"monitoringCriteria": [THRESHOLD]}


async def test_tc_n_02_csms_a_report_by_component_leaves_criteria_and_instances_out(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        wanted = [on(CHARGING_STATION, "Power")]
        assert await nothing_found(station, operator, component_variable=wanted) == {
            "componentVariable": [{"component": {"name": "ChargingStation"}, "variable": {"name": "Power"}}]
        }
        wanted = [on(EVSE, "AvailabilityState")]
        assert await something_found(station, operator, component_variable=wanted) == {
            "componentVariable": [
                {
                    "component": {"name": "EVSE", "evse": {"id": 1}},
                    "variable": {"name": "AvailabilityState"},
                }
            ]
        }


async def test_tc_n_03_csms_a_report_has_both_filters(installation: Installation, name: str) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        wanted = [on(EVSE, "AvailabilityState")]
        asked = await nothing_found(station, operator, monitoring_criteria=[DELTA], component_variable=wanted)
        assert asked == {"monitoringCriteria": [DELTA], "componentVariable": wanted}
        wanted = [on(CHARGING_STATION, "Power")]
        asked = await something_found(
            station, operator, monitoring_criteria=[THRESHOLD], component_variable=wanted
        )
        assert asked == {"monitoringCriteria": [THRESHOLD], "componentVariable": wanted}


@pytest.mark.parametrize(
    ("empty", "full"),
    [
        ((THRESHOLD, "Power"), (DELTA, "AvailabilityState")),  # as its scenario has it
        ((DELTA, "AvailabilityState"), (THRESHOLD, "AvailabilityState")),  # as its validation has it
    ],
)
async def test_tc_n_60_csms_a_report_has_criteria_and_a_list_of_components(
    installation: Installation, name: str, empty: tuple[str, str], full: tuple[str, str]
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        for find, (criterion, variable) in ((nothing_found, empty), (something_found, full)):
            wanted = [on(CHARGING_STATION, variable), on(EVSE, variable)]
            asked = await find(station, operator, monitoring_criteria=[criterion], component_variable=wanted)
            assert asked == {"monitoringCriteria": [criterion], "componentVariable": wanted}


async def test_tc_n_47_csms_a_report_of_everything_has_no_filter(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        assert await something_found(station, operator) == {}
