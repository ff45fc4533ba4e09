"""NotifyEvent: monitors that fired and what stations tell unasked, in a late and any order (OCPP N07, N08).

Each is taken for itself: stations count all of them 0, resend none, and repeat eventIds. What a 2.0.1 station says of
a connector's AvailabilityState is the same news as a StatusNotification (G01).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.device_model import Component, Variable
from ocppdiag_contracts.events import ConnectorStatusReported, Event, EventReported
from ocppdiag_ocpp.messages.notify_event import (
    EventData,
    EventDataV20,
    NotifyEventRequest,
    NotifyEventRequestV20,
)
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House, Severities


def heard(called: link.Called, _: House, __: float) -> Heard:
    """Tell each event, with the severity of its monitor as far as we know it."""
    received = dialect.read_as_spoken(called)
    message = received.message
    if not isinstance(message, NotifyEventRequest | NotifyEventRequestV20):
        raise TypeError(type(message).__name__)
    several: Sequence[EventData | EventDataV20] = message.event_data
    told = dialect.told(called, received)
    monitors = {data.variable_monitoring_id for data in several if isinstance(data, EventData)}

    def events(severities: Mapping[int, int]) -> tuple[Event, ...]:
        found: list[Event] = []
        for index, data in enumerate(several):
            event = _reported(told, index, data, severities)
            found += [event, *_connector(event)]
        return tuple(found)

    known = tuple(sorted(monitor for monitor in monitors if monitor is not None))
    return Heard(dialect.answer(called, {}), severities=Severities(known, events))


def _reported(
    told: dialect.Told, index: int, data: EventData | EventDataV20, severities: Mapping[int, int]
) -> EventReported:
    kind: str | None = None
    transaction: str | None = None
    if isinstance(data, EventData):
        monitor, kind = data.variable_monitoring_id, data.event_notification_type.value
        severity = severities.get(monitor) if monitor is not None else None
        transaction = data.transaction_id
    else:  # 2.0 brings the whole monitor
        fired = data.variable_monitoring_event
        monitor, severity = (fired.id, fired.severity) if fired else (None, None)
    return EventReported(
        **{**told, "id": f"{told['id']}/{index}"},
        event_id=data.event_id,
        happened_at=data.timestamp,
        trigger=data.trigger.value,
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
