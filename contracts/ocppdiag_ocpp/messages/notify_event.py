"""NotifyEvent: a monitor has fired, or the station tells something unasked (OCPP 2.0.1 N07, N08)."""

from enum import StrEnum
from typing import Annotated

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Boolean, DateTime, Extensible, Integer, NonEmpty, ObjectV20, Text
from ocppdiag_ocpp.device_model import Component, ComponentV20, Variable, VariableMonitoringV20, VariableV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class EventTrigger(StrEnum):
    """EventTriggerEnumType."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class EventNotification(StrEnum):
    """EventNotificationEnumType: what is behind the event; a HardWiredNotification has no monitor."""

    HARD_WIRED_NOTIFICATION = "HardWiredNotification"
    HARD_WIRED_MONITOR = "HardWiredMonitor"
    PRECONFIGURED_MONITOR = "PreconfiguredMonitor"
    CUSTOM_MONITOR = "CustomMonitor"


class EventData(Extensible):
    """EventDataType; `event_id` is no key, and `actual_value` is text that may be empty (N07.FR.10)."""

    event_id: Integer
    timestamp: DateTime
    trigger: EventTrigger
    actual_value: Annotated[str, Text(2500)]
    component: Component
    event_notification_type: EventNotification
    variable: Variable
    cause: Integer | None = None
    tech_code: Annotated[str, Text(50)] | None = None
    tech_info: Annotated[str, Text(500)] | None = None
    cleared: Boolean | None = None
    transaction_id: Annotated[str, Text(36)] | None = None
    variable_monitoring_id: Integer | None = None


class NotifyEventRequest(Extensible):
    """Station to CSMS."""

    generated_at: DateTime
    seq_no: Integer
    event_data: NonEmpty[EventData]
    tbc: Boolean = False


class NotifyEventResponse(Extensible):
    """Always empty."""


class EventDataAsSaid(EventData):
    """EventDataType as some stations say it: with a trigger of their own, or without saying what is behind the event."""

    trigger: Annotated[str, Text(50)]  # type: ignore[assignment]  # wider than what we may send
    event_notification_type: Annotated[str, Text(50)] | None = None  # type: ignore[assignment]


class NotifyEventAsSaid(Extensible):
    """Station to CSMS, read when nothing stricter fits: an alarm is worth more than its form."""

    generated_at: DateTime
    seq_no: Integer
    event_data: NonEmpty[EventDataAsSaid]
    tbc: Boolean = False


class EventDataV20(ObjectV20):
    """EventDataType: 2.0 wants `cleared`, has a shorter value, and brings the whole monitor instead of its id."""

    event_id: Integer
    timestamp: DateTime
    trigger: EventTrigger
    actual_value: Annotated[str, Text(1000)]
    cleared: Boolean
    component: ComponentV20
    variable: VariableV20
    cause: Integer | None = None
    tech_code: Annotated[str, Text(50)] | None = None
    tech_info: Annotated[str, Text(500)] | None = None
    variable_monitoring_event: VariableMonitoringV20 | None = None


class NotifyEventRequestV20(ObjectV20):
    """Station to CSMS; 2.0 wants `tbc`."""

    generated_at: DateTime
    tbc: Boolean
    seq_no: Integer
    event_data: NonEmpty[EventDataV20]


class EventDataAsSaidV20(EventDataV20):
    """EventDataType with a trigger of the station's own."""

    trigger: Annotated[str, Text(50)]  # type: ignore[assignment]  # wider than what we may send


class NotifyEventAsSaidV20(ObjectV20):
    """Station to CSMS, read when nothing stricter fits."""

    generated_at: DateTime
    tbc: Boolean
    seq_no: Integer
    event_data: NonEmpty[EventDataAsSaidV20]


class NotifyEventResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "NotifyEvent",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(NotifyEventRequest, NotifyEventResponse),
        OcppVersion.V20: Shapes(NotifyEventRequestV20, NotifyEventResponseV20),
    },
)
