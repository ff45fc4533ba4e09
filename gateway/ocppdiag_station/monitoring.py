"""The rules for setting and clearing monitors, item by item (OCPP 2.0.1 N04.FR.01 to .18, N06). Pure."""

from datetime import datetime

from ocppdiag_ocpp.datatypes import StatusInfo
from ocppdiag_ocpp.device_model import MonitorType
from ocppdiag_ocpp.messages.clear_variable_monitoring import ClearMonitoringResult, ClearMonitoringStatus
from ocppdiag_ocpp.messages.notify_event import EventNotification
from ocppdiag_ocpp.messages.set_variable_monitoring import (
    SetMonitoringData,
    SetMonitoringResult,
    SetMonitoringStatus,
)
from ocppdiag_station.device import Key, Monitor, StationVariable, key_of
from ocppdiag_station.device_model import LEAST_SEVERE, DeviceModel, Event, UnknownVariableError
from ocppdiag_station.watch import PERIODIC

THRESHOLDS = (MonitorType.UPPER_THRESHOLD, MonitorType.LOWER_THRESHOLD)
OUT_OF_RANGE = "ValueOutOfRange"


class _RefusedError(Exception):
    """One item is not carried out."""

    def __init__(self, status: SetMonitoringStatus, reason: str | None = None) -> None:
        super().__init__(status.value)
        self.status = status
        self.reason = reason


def set_monitor(
    model: DeviceModel, item: SetMonitoringData, now: datetime
) -> tuple[SetMonitoringResult, list[Event]]:
    """Carry out one item of a SetVariableMonitoring: its result, and the events of what is beyond already."""
    named = {
        "type": item.type,
        "severity": item.severity,
        "component": item.component,
        "variable": item.variable,
    }
    try:
        monitor = _wanted(model, item)
    except _RefusedError as refused:
        why = {"status_info": StatusInfo(reason_code=refused.reason)} if refused.reason else {}
        return SetMonitoringResult(status=refused.status, **named, **why), []
    events = model.watch(monitor, now)
    return SetMonitoringResult(status=SetMonitoringStatus.ACCEPTED, id=monitor.id, **named), events


def _wanted(model: DeviceModel, item: SetMonitoringData) -> Monitor:
    key = key_of(item.component, item.variable)
    try:
        there = model.variable(key)
    except UnknownVariableError:
        known = model.delivered.has_component(key)
        unknown = SetMonitoringStatus.UNKNOWN_VARIABLE if known else SetMonitoringStatus.UNKNOWN_COMPONENT
        raise _RefusedError(unknown) from None  # N04.FR.03, .04
    _check_value(there, item)
    if item.id is not None:
        _check_replaced(model.monitor(item.id), key)
    for other in model.monitors():  # N04.FR.10
        if other.id != item.id and (other.key, other.type, other.severity) == (key, item.type, item.severity):
            raise _RefusedError(SetMonitoringStatus.DUPLICATE)
    number = model.new_id() if item.id is None else item.id
    # Replacing a preconfigured monitor makes it a custom one (N04.FR.15).
    kind = EventNotification.CUSTOM_MONITOR
    return Monitor(number, key, item.type, item.value, item.severity, kind, item.transaction)


def _check_value(there: StationVariable, item: SetMonitoringData) -> None:
    if not there.monitored or (item.type in THRESHOLDS and not there.numeric):
        raise _RefusedError(SetMonitoringStatus.UNSUPPORTED_MONITOR_TYPE)  # N04.FR.05
    lowest = there.lowest if there.lowest is not None else item.value
    highest = there.highest if there.highest is not None else item.value
    impossible = (
        not 0 <= item.severity <= LEAST_SEVERE
        or (item.type in THRESHOLDS and not lowest <= item.value <= highest)  # N04.FR.06
        or (item.type is MonitorType.DELTA and item.value < 0)  # N04.FR.14
        or (item.type in PERIODIC and item.value < 1)
    )
    if impossible:
        raise _RefusedError(SetMonitoringStatus.REJECTED, OUT_OF_RANGE)


def _check_replaced(before: Monitor | None, key: Key) -> None:
    """Refuse what is unknown, of another variable, or hard-wired (N04.FR.13, .16, .18)."""
    if before is None or before.key != key or before.kind is EventNotification.HARD_WIRED_MONITOR:
        raise _RefusedError(SetMonitoringStatus.REJECTED)


def clear_monitor(model: DeviceModel, monitor_id: int) -> ClearMonitoringResult:
    """Drop one monitor, unless it is hard-wired or not there (N06.FR.01 to .03)."""
    monitor = model.monitor(monitor_id)
    if monitor is None:
        status = ClearMonitoringStatus.NOT_FOUND
    elif monitor.kind is EventNotification.HARD_WIRED_MONITOR:
        status = ClearMonitoringStatus.REJECTED
    else:
        status = ClearMonitoringStatus.ACCEPTED
        model.clear(monitor_id)
    return ClearMonitoringResult(status=status, id=monitor_id)
