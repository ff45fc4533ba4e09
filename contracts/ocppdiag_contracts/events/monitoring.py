"""What stations tell of their monitors."""

from typing import Literal

from pydantic import Field

from ocppdiag_contracts.device_model import Component, MonitoringData, Variable
from ocppdiag_contracts.events.event import PartEvent, ReportedEvent
from ocppdiag_contracts.model import Instant


class MonitoringReportPartReceived(PartEvent):
    """One part of a monitoring report has come; the whole of it is in the command's final event."""

    event: Literal["monitoring_report_part_received"] = "monitoring_report_part_received"
    monitor: list[MonitoringData]


class EventReported(ReportedEvent):
    """A monitor has fired, or the station tells something unasked (NotifyEvent; one of these for each of its events)."""

    event: Literal["event_reported"] = "event_reported"
    event_id: int = Field(description="The station's own number, for `cause`; it may use one twice.")
    happened_at: Instant = Field(description="By the station's clock; it may be long ago, and out of order.")
    trigger: str = Field(description="Alerting, Delta or Periodic.")
    event_notification_type: str | None = Field(
        description="HardWiredNotification, HardWiredMonitor, PreconfiguredMonitor or CustomMonitor; null from OCPP 2.0."
    )
    component: Component
    variable: Variable
    actual_value: str = Field(description="Always text; empty for a variable that cannot be read.")
    cleared: bool = Field(
        description="Back to normal. May come without an alert before, and an alert without this after."
    )
    cause: int | None = Field(default=None, description="The event_id of the event behind this one.")
    tech_code: str | None = None
    tech_info: str | None = None
    transaction_id: str | None = None
    variable_monitoring_id: int | None = Field(default=None, description="The monitor that fired.")
    severity: int | None = Field(
        default=None,
        description="Of the monitor that fired, 0 (worst) to 9; null when we have not seen that monitor "
        "(set it, or get a monitoring report).",
    )
