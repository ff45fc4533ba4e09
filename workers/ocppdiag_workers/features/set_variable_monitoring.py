"""SetVariableMonitoring: create or replace monitors, never more in one request than the station takes (OCPP N04)."""

from collections.abc import Sequence

from ocppdiag_contracts.commands import SetVariableMonitoring, WantedMonitor
from ocppdiag_contracts.commands.set_variable_monitoring import monitor_key
from ocppdiag_contracts.device_model import Component, Variable
from ocppdiag_contracts.events import MonitorsSet, SetMonitoringResult
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers import dialect, lifecycle
from ocppdiag_workers.itemised import Itemised
from ocppdiag_workers.operation import MonitorsSeen, Operation

ACTION = "SetVariableMonitoring"


def results(
    operation: Operation, asked: Sequence[WantedMonitor], payload: bytes
) -> list[SetMonitoringResult]:
    """Find each monitor's result by what it is, wherever it stands (N04.FR.02 promises no order)."""
    if dialect.empty_list(payload, "setMonitoringResult"):
        return [_result(wanted, None) for wanted in asked]
    response = dialect.read_response(operation, ACTION, payload)
    given = list(getattr(response, "set_monitoring_result", ()))
    found: dict[tuple[object, ...], OcppModel] = {}
    for result in given:
        component = Component.model_validate(result.component, from_attributes=True)
        variable = Variable.model_validate(result.variable, from_attributes=True)
        found.setdefault(monitor_key(component, variable, result.type, result.severity), result)
    if len(given) == len(asked) and not any(wanted.key in found for wanted in asked):
        return [_result(wanted, result) for wanted, result in zip(asked, given, strict=True)]
    return [_result(wanted, found.get(wanted.key)) for wanted in asked]


def _result(wanted: WantedMonitor, result: OcppModel | None) -> SetMonitoringResult:
    status, why = lifecycle.said(result) if result else (None, None)
    return SetMonitoringResult(
        component=wanted.component,
        variable=wanted.variable,
        type=wanted.type,
        severity=wanted.severity,
        status=status,
        id=getattr(result, "id", None),
        reason_code=why,
    )


def _fields(monitors: Sequence[WantedMonitor]) -> dict[str, object]:
    wanted = [
        monitor.model_dump(mode="json", exclude_none=True, exclude_defaults=True) for monitor in monitors
    ]
    return {"set_monitoring_data": wanted}


FEATURE = Itemised(
    command=SetVariableMonitoring,
    action=ACTION,
    items=lambda operation: operation.asked(SetVariableMonitoring).set_monitoring_data,
    fields=_fields,
    results=results,
    result_type=SetMonitoringResult,
    result=lambda monitors: MonitorsSet(results=monitors),
    accepted=lambda result: result.status == "Accepted",
    seen=lambda monitors: MonitorsSeen(
        {
            result.id: result.severity
            for result in monitors
            if result.status == "Accepted" and result.id is not None
        }
    ),
).feature()
