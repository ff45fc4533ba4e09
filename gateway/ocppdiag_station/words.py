"""What a station says, as JSON in the words of the version it speaks; its handlers speak 2.0.1. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel, write_date_time
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.messages.notify_event import EventData, EventNotification, NotifyEventRequest
from ocppdiag_station.device_model import Event
from ocppdiag_station.monitoring import OUT_OF_RANGE
from ocppdiag_station.reading import as_reported

Payload = dict[str, Any]

_NOT_IN_20 = {"customData", "statusInfo", "attributeStatusInfo"}


def write(action: str, message: OcppModel, version: OcppVersion) -> Payload | None:
    """Return the payload of a request or response of 2.0.1, None for what the version cannot say.

    Raises:
        UnknownActionError: the version has no such message.
        ValidationError: it has one, which cannot hold this.

    """
    payload: Payload = message.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    if version is OcppVersion.V201:
        return payload
    half = type(message).__name__.removeprefix(action)
    older = _OLDER.get((action, half), dict)(payload)
    if older is None:
        return None
    older = {name: _without(item) for name, item in older.items() if name not in _NOT_IN_20}
    shapes = PROFILE.shapes(action, version)
    model = shapes.request if half == "Request" else shapes.response
    model.model_validate(older)
    return older


def _without(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Leave out what came with 2.0.1 everywhere."""
    if isinstance(value, dict):
        return {name: _without(item) for name, item in value.items() if name not in _NOT_IN_20}
    return [_without(item) for item in value] if isinstance(value, list) else value


def _report_status(payload: Payload) -> Payload:
    """2.0 has no EmptyResultSet, and no report can be empty: nothing will follow."""
    return {"status": "Rejected"} if payload["status"] == "EmptyResultSet" else payload


def _part(payload: Payload) -> Payload:
    """`tbc` is required."""
    return {"tbc": False, **payload}


def _log_status(payload: Payload) -> Payload | None:
    """The id is required, and AcceptedCanceled cannot be said."""
    return None if payload["status"] == "AcceptedCanceled" else {"requestId": 0, **payload}


def _set_results(payload: Payload) -> Payload:
    """A value beyond the limits is OutOfRange, which later became a reason for Rejected (N04.FR.06)."""
    return {"setMonitoringResult": [_set_result(item) for item in payload["setMonitoringResult"]]}


def _set_result(item: Payload) -> Payload:
    beyond = item.pop("statusInfo", {}).get("reasonCode") == OUT_OF_RANGE
    return {**item, "status": "OutOfRange"} if beyond else item


def _security_event(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if name != "techInfo"}


_OLDER: Mapping[tuple[str, str], Callable[[Payload], Payload | None]] = {
    ("GetMonitoringReport", "Response"): _report_status,
    ("NotifyMonitoringReport", "Request"): _part,
    ("NotifyCustomerInformation", "Request"): _part,
    ("LogStatusNotification", "Request"): _log_status,
    ("SecurityEventNotification", "Request"): _security_event,
    ("SetVariableMonitoring", "Response"): _set_results,
}


def events(fired: Sequence[Event], now: datetime, version: OcppVersion) -> Payload:
    """Write a NotifyEvent: 2.0 brings the whole monitor, 2.0.1 its id (N07.FR.06)."""
    if version is OcppVersion.V201:
        data = [_event(event) for event in fired]
        payload = write(
            "NotifyEvent", NotifyEventRequest(generated_at=now, seq_no=0, event_data=data), version
        )
        return payload or {}
    return {
        "generatedAt": write_date_time(now),
        "tbc": False,
        "seqNo": 0,
        "eventData": [_event_v20(event) for event in fired],
    }


def _event(event: Event) -> EventData:
    monitor = event.monitor
    return EventData(
        event_id=event.id,
        timestamp=event.at,
        trigger=event.trigger,
        actual_value=event.value,
        component=event.where.component,
        variable=event.where.variable,
        event_notification_type=monitor.kind if monitor else EventNotification.HARD_WIRED_NOTIFICATION,
        cleared=True if event.cleared else None,
        tech_code=event.tech_code,
        tech_info=event.tech_info,
        variable_monitoring_id=monitor.id if monitor else None,
    )


def _event_v20(event: Event) -> Payload:
    """`cleared` is required; no ids of monitors, no kinds."""
    later = _event(event).model_dump(mode="json", by_alias=True, exclude_none=True)
    for name in ("eventNotificationType", "variableMonitoringId"):
        later.pop(name, None)
    if event.monitor:
        later["variableMonitoringEvent"] = as_reported(event.monitor).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    return {"cleared": False, **later}
