"""NotifyEvent: monitors that fired and what stations tell unasked, in a late and any order (OCPP N07, N08).

Each is taken for itself: stations count all of them 0, resend none, and repeat eventIds. What a 2.0.1 station says of
a connector's AvailabilityState is the same news as a StatusNotification (G01).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ocppdiag_contracts import link
from ocppdiag_contracts.device_model import Component, Variable
from ocppdiag_contracts.events import ConnectorStatusReported, Event, EventReported
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages.notify_event import (
    EventData,
    EventDataV20,
    NotifyEventAsSaid,
    NotifyEventAsSaidV20,
    NotifyEventRequest,
    NotifyEventRequestV20,
)
from ocppdiag_ocpp.receive import Received, UnreadableError, receive
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House, Severities

_SHAPES: Mapping[OcppVersion, tuple[type[OcppModel], type[OcppModel]]] = MappingProxyType(
    {
        OcppVersion.V201: (NotifyEventRequest, NotifyEventAsSaid),
        OcppVersion.V20: (NotifyEventRequestV20, NotifyEventAsSaidV20),
    }
)


def heard(called: link.Called, _: House, __: float) -> Heard:
    """Tell each event, with the severity of its monitor as far as we know it."""
    received = _read(called)
    message = received.message
    several: Sequence[EventData | EventDataV20] = message.event_data
    told = _told_of_each(called, received, len(several))
    monitors = {data.variable_monitoring_id for data in several if isinstance(data, EventData)}

    def events(severities: Mapping[int, int]) -> tuple[Event, ...]:
        found: list[Event] = []
        for index, data in enumerate(several):
            event = _reported(told[index], data, severities)
            found += [event, *_connector(event)]
        return tuple(found)

    known = tuple(sorted(monitor for monitor in monitors if monitor is not None))
    return Heard(dialect.thanks(called), severities=Severities(known, events))


def _read(called: link.Called) -> Received[Any]:
    """Read it as the station's version has it, and if that fails as stations say it: an alarm is worth more than its form."""
    strict, as_said = _SHAPES[OcppVersion(called.version)]
    try:
        return receive(strict, bytes(called.payload))
    except UnreadableError as refused:
        received = receive(as_said, bytes(called.payload))
        return Received(received.message, (*received.violations, str(refused)))


def _told_of_each(called: link.Called, received: Received[Any], count: int) -> list[dialect.Told]:
    """Begin each event with what was wrong with itself; the first also has what was wrong with all."""
    whole = dialect.told(called, received)
    payload = whole["payload"] or {}
    items = payload.get("eventData")
    of_one = tuple(f"eventData.{index}." for index in range(count))
    of_all = [text for text in whole["violations"] if not text.startswith(of_one)]
    found: list[dialect.Told] = []
    for index, mine in enumerate(of_one):
        violations = [text for text in whole["violations"] if text.startswith(mine)]
        if index == 0:
            violations = [*of_all, *violations]
        raw = items[index] if violations and isinstance(items, list) and index < len(items) else None
        found.append(
            {
                **whole,
                "id": f"{whole['id']}/{index}",
                "violations": violations,
                "payload": raw if isinstance(raw, dict) else None,
            }
        )
    return found


def _reported(
    told: dialect.Told, data: EventData | EventDataV20, severities: Mapping[int, int]
) -> EventReported:
    kind: str | None = None
    transaction: str | None = None
    if isinstance(data, EventData):
        monitor, kind = data.variable_monitoring_id, data.event_notification_type
        severity = severities.get(monitor) if monitor is not None else None
        transaction = data.transaction_id
    else:  # 2.0 brings the whole monitor
        fired = data.variable_monitoring_event
        monitor, severity = (fired.id, fired.severity) if fired else (None, None)
    return EventReported(
        **told,
        event_id=data.event_id,
        happened_at=data.timestamp,
        trigger=str(data.trigger),
        event_notification_type=kind,
        component=Component.model_validate(data.component, from_attributes=True),
        variable=Variable.model_validate(data.variable, from_attributes=True),
        actual_value=data.actual_value,
        cleared=bool(data.cleared),
        cause=data.cause,
        tech_code=data.tech_code,
        tech_info=data.tech_info,
        transaction_id=transaction,
        variable_monitoring_id=monitor,
        severity=severity,
    )


def _connector(event: EventReported) -> tuple[ConnectorStatusReported, ...]:
    """The state of a connector, if that is what the event is about."""
    evse = event.component.evse
    about = (event.component.name.lower(), event.variable.name.lower())
    if about != ("connector", "availabilitystate") or evse is None or evse.connector_id is None:
        return ()
    status = ConnectorStatusReported(
        id=f"{event.id}/connector",
        time=event.time,
        station=event.station,
        evse_id=evse.id,
        connector_id=evse.connector_id,
        status=event.actual_value,
        since=event.happened_at,
    )
    return (status,)


FEATURE = Feature(hears=MappingProxyType({"NotifyEvent": heard}))
