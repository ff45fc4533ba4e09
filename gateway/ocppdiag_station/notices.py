"""The messages that a station sends by itself or after an answer, in the words of 2.0.1. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.device_model import Component, Evse, Variable
from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, BootReason, ChargingStation
from ocppdiag_ocpp.messages.heartbeat import HeartbeatRequest
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationRequest, UploadLogStatus
from ocppdiag_ocpp.messages.notify_customer_information import NotifyCustomerInformationRequest
from ocppdiag_ocpp.messages.notify_monitoring_report import MonitoringData, NotifyMonitoringReportRequest
from ocppdiag_ocpp.messages.security_event_notification import SecurityEventNotificationRequest
from ocppdiag_ocpp.messages.status_notification import ConnectorStatus, StatusNotificationRequest
from ocppdiag_ocpp.messages.trigger_message import MessageTrigger, TriggerMessageRequest
from ocppdiag_station.customers import slices
from ocppdiag_station.device import key_of
from ocppdiag_station.device_model import DeviceModel, UnknownVariableError

SERIAL_NUMBER = 20
"""As many characters has 2.0; 2.0.1 has a few more."""

FIRMWARE = "4.2.0"


def action_of(request: OcppModel) -> str:
    """Return the action that a request of 2.0.1 is named after."""
    return type(request).__name__.removesuffix("Request")


def boot(station: str, reason: BootReason = BootReason.POWER_UP) -> BootNotificationRequest:
    """Ask to be let in (B01)."""
    what = ChargingStation(
        model="Simulated",
        vendor_name="ocppdiag",
        serial_number=station[:SERIAL_NUMBER],
        firmware_version=FIRMWARE,
    )
    return BootNotificationRequest(reason=reason, charging_station=what)


def connector_status(
    model: DeviceModel, evse: int, connector: int, now: datetime
) -> StatusNotificationRequest | None:
    """Tell a connector's state (G01); None for a connector that is not there."""
    where = Component(name="Connector", evse=Evse(id=evse, connector_id=connector))
    try:
        state = model.value(key_of(where, Variable(name="AvailabilityState")))
        status = ConnectorStatus(state)
    except (UnknownVariableError, ValueError):
        return None
    return StatusNotificationRequest(
        timestamp=now, connector_status=status, evse_id=evse, connector_id=connector
    )


def log_status(status: UploadLogStatus, request_id: int | None) -> LogStatusNotificationRequest:
    """Tell how an upload goes; without an id when none does (N01.FR.13)."""
    named = {} if request_id is None else {"request_id": request_id}
    return LogStatusNotificationRequest(status=status, **named)


def report(
    data: Sequence[MonitoringData], request_id: int, per_part: int, now: datetime
) -> Iterator[NotifyMonitoringReportRequest]:
    """Tell of monitors, in parts of so many variables (N02.FR.09)."""
    starts = range(0, len(data), per_part)
    for number, start in enumerate(starts):
        yield NotifyMonitoringReportRequest(
            request_id=request_id,
            seq_no=number,
            generated_at=now,
            monitor=list(data[start : start + per_part]),
            tbc=number + 1 < len(starts),
        )


def customer(text: str, request_id: int, now: datetime) -> Iterator[NotifyCustomerInformationRequest]:
    """Tell of a customer, in slices (N09.FR.02, N10.FR.06)."""
    parts = slices(text)
    for number, part in enumerate(parts):
        yield NotifyCustomerInformationRequest(
            request_id=request_id, seq_no=number, generated_at=now, data=part, tbc=number + 1 < len(parts)
        )


def security_event(kind: str, tech_info: str | None, now: datetime) -> SecurityEventNotificationRequest:
    """Tell what bears on security (A04)."""
    more = {} if tech_info is None else {"tech_info": tech_info}
    return SecurityEventNotificationRequest(type=kind, timestamp=now, **more)


def triggered(
    request: TriggerMessageRequest, model: DeviceModel, station: str, uploading: int | None, now: datetime
) -> OcppModel | None:
    """Return the message that a TriggerMessage is for (F06); None for one that cannot be sent."""
    match request.requested_message:
        case MessageTrigger.BOOT_NOTIFICATION:
            return boot(station, BootReason.TRIGGERED)
        case MessageTrigger.HEARTBEAT:
            return HeartbeatRequest()
        case MessageTrigger.LOG_STATUS_NOTIFICATION:  # F06.FR.14, .15
            status = UploadLogStatus.IDLE if uploading is None else UploadLogStatus.UPLOADING
            return log_status(status, uploading)
        case MessageTrigger.STATUS_NOTIFICATION:
            evse = request.evse
            if evse is None or evse.connector_id is None:  # F06.FR.12, .13
                return None
            return connector_status(model, evse.id, evse.connector_id, now)
        case _:
            return None
