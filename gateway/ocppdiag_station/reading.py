"""Reading a station: which monitors a report is about, and the values of variables (OCPP 2.0.1 N02, B06). Pure."""

from collections.abc import Iterable, Sequence

from ocppdiag_ocpp.device_model import Component, MonitorType, Variable, VariableMonitoring
from ocppdiag_ocpp.messages.get_monitoring_report import (
    ComponentVariable,
    GetMonitoringReportRequest,
    MonitoringCriterion,
)
from ocppdiag_ocpp.messages.get_variables import (
    AttributeType,
    GetVariableData,
    GetVariableResult,
    GetVariableStatus,
)
from ocppdiag_ocpp.messages.notify_monitoring_report import MonitoringData
from ocppdiag_station.device import Key, Monitor, key_of
from ocppdiag_station.device_model import DeviceModel, UnknownVariableError

CRITERIA = {
    MonitorType.UPPER_THRESHOLD: MonitoringCriterion.THRESHOLD_MONITORING,
    MonitorType.LOWER_THRESHOLD: MonitoringCriterion.THRESHOLD_MONITORING,
    MonitorType.DELTA: MonitoringCriterion.DELTA_MONITORING,
    MonitorType.PERIODIC: MonitoringCriterion.PERIODIC_MONITORING,
    MonitorType.PERIODIC_CLOCK_ALIGNED: MonitoringCriterion.PERIODIC_MONITORING,
}
_ANY = Variable(name="")
Pattern = Sequence[str | int | None]


def report(model: DeviceModel, request: GetMonitoringReportRequest) -> list[MonitoringData]:
    """Gather what passes both filters, by variable; a filter that is absent passes all (N02.FR.05 to .11)."""
    wanted = None
    if request.component_variable is not None:
        wanted = [_pattern(item) for item in request.component_variable]
    criteria = request.monitoring_criteria
    found: dict[Key, list[Monitor]] = {}
    for monitor in model.monitors():
        if (criteria is None or CRITERIA[monitor.type] in criteria) and _passes(monitor.key, wanted):
            found.setdefault(monitor.key, []).append(monitor)
    return [_data(model, key, monitors) for key, monitors in found.items()]


def _pattern(item: ComponentVariable) -> Pattern:
    """What a key must have; None is a wildcard: any instance, EVSE, connector or variable (N02.FR.16 to .21)."""
    key = key_of(item.component, item.variable or _ANY)
    return key if item.variable else (*key[:4], None, None)


def _passes(key: Key, wanted: Iterable[Pattern] | None) -> bool:
    return wanted is None or any(
        all(want is None or want == there for want, there in zip(pattern, key, strict=True))
        for pattern in wanted
    )


def _data(model: DeviceModel, key: Key, monitors: Iterable[Monitor]) -> MonitoringData:
    where = model.variable(key)
    return MonitoringData(
        component=where.component,
        variable=where.variable,
        variable_monitoring=[as_reported(monitor) for monitor in monitors],
    )


def as_reported(monitor: Monitor) -> VariableMonitoring:
    """Write a monitor as reports have it."""
    return VariableMonitoring(
        id=monitor.id,
        transaction=monitor.transaction,
        value=monitor.value,
        type=monitor.type,
        severity=monitor.severity,
    )


def get_variable(model: DeviceModel, item: GetVariableData) -> GetVariableResult:
    """Answer one item of a GetVariables; what is write-only is Rejected (B06.FR.09)."""
    named = {"component": item.component, "variable": item.variable, "attribute_type": item.attribute_type}
    key = key_of(item.component, item.variable)
    try:
        there = model.variable(key)
    except UnknownVariableError:
        status = (
            GetVariableStatus.UNKNOWN_VARIABLE
            if model.delivered.has_component(key)
            else GetVariableStatus.UNKNOWN_COMPONENT
        )
        return GetVariableResult(attribute_status=status, **named)
    if item.attribute_type is not AttributeType.ACTUAL:
        return GetVariableResult(attribute_status=GetVariableStatus.NOT_SUPPORTED_ATTRIBUTE_TYPE, **named)
    if there.write_only:
        return GetVariableResult(attribute_status=GetVariableStatus.REJECTED, **named)
    return GetVariableResult(
        attribute_status=GetVariableStatus.ACCEPTED, attribute_value=model.value(key), **named
    )


def limit(model: DeviceModel, component: str, variable: str, action: str) -> int | None:
    """Return how much fits into one message; None where the station does not say."""
    key = key_of(Component(name=component), Variable(name=variable, instance=action))
    try:
        return int(model.value(key))
    except (UnknownVariableError, ValueError):
        return None
