"""What stations do by themselves."""

from typing import Literal

from pydantic import Field

from ocppdiag_contracts.events.event import EventModel, ReportedEvent
from ocppdiag_contracts.model import Instant, OrNewer
from ocppdiag_contracts.suspicion import Suspicion


class StationConnected(EventModel):
    """A station has connected and proved who it is."""

    event: Literal["station_connected"] = "station_connected"
    version: str = Field(description="The protocol version agreed on, as its subprotocol.")
    node: str = Field(description="The gateway that holds the connection.")


class StationDisconnected(EventModel):
    """A connection has ended."""

    event: Literal["station_disconnected"] = "station_disconnected"
    node: str
    code: int | None = Field(description="The websocket close code, if one was seen.")
    reason: str


class StationSuspected(EventModel):
    """Somebody may be playing a station: what a gateway saw at its door looks like an attack."""

    event: Literal["station_suspected"] = "station_suspected"
    node: str = Field(description="The gateway that saw it.")
    reason: OrNewer[Suspicion]
    detail: str = Field(description="For people; no password and no certificate is in it.")


class StationBooted(ReportedEvent):
    """A station has sent BootNotification."""

    event: Literal["station_booted"] = "station_booted"
    reason: str
    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    answered: str = Field(description="Accepted, Pending or Rejected.")


class ConnectorStatusReported(ReportedEvent):
    """A station has told the state of a connector: by StatusNotification, or by an event on AvailabilityState."""

    event: Literal["connector_status_reported"] = "connector_status_reported"
    evse_id: int
    connector_id: int
    status: str
    since: Instant = Field(description="The station's own time of the change.")


class SecurityEventReported(ReportedEvent):
    """A station has told of something that bears on security; told twice, it has the same id."""

    event: Literal["security_event_reported"] = "security_event_reported"
    type: str = Field(description="A name of the standard's list, or the maker's own.")
    happened_at: Instant = Field(description="By the station's clock; it may be long ago.")
    tech_info: str | None = None
