"""How much a station takes in one message, and how it refuses more (OCPP 2.0.1 N02.FR.07, N04.FR.09, N06.FR.06, .07)."""

from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages.clear_variable_monitoring import ClearVariableMonitoringRequest
from ocppdiag_ocpp.messages.get_monitoring_report import GetMonitoringReportRequest
from ocppdiag_ocpp.messages.get_variables import GetVariablesRequest
from ocppdiag_ocpp.messages.set_variable_monitoring import SetVariableMonitoringRequest
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.reading import limit


def _measured(request: OcppModel) -> tuple[str, str, int] | None:
    """Say which variable limits a request, and how many items it has."""
    match request:
        case SetVariableMonitoringRequest():
            return "MonitoringCtrlr", "SetVariableMonitoring", len(request.set_monitoring_data)
        case ClearVariableMonitoringRequest():
            return "MonitoringCtrlr", "ClearVariableMonitoring", len(request.id)
        case GetMonitoringReportRequest():
            return "DeviceDataCtrlr", "GetReport", len(request.component_variable or ())
        case GetVariablesRequest():
            return "DeviceDataCtrlr", "GetVariables", len(request.get_variable_data)
        case _:
            return None


def beyond(model: DeviceModel, request: OcppModel, size: int) -> ErrorCode | None:
    """Return the CALLERROR for a request with too many items or (its `size`) too many bytes."""
    measured = _measured(request)
    if measured is None:
        return None
    component, action, items = measured
    most = limit(model, component, "ItemsPerMessage", action)
    if most is not None and items > most:
        return ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
    longest = limit(model, component, "BytesPerMessage", action)
    return ErrorCode.FORMAT_VIOLATION if longest is not None and size > longest else None
