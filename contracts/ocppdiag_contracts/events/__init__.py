"""What a service may hear: facts, past tense, listed here."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from ocppdiag_contracts.events.command_progress import (
    CommandAccepted,
    CommandQueued,
    CommandRepeated,
    CommandSent,
    CommandWaiting,
    Waiting,
)
from ocppdiag_contracts.events.command_settled import LONGEST_CLAIMED_STATION, CommandSettled, Outcome
from ocppdiag_contracts.events.customer import CustomerInformationPartReceived
from ocppdiag_contracts.events.event import CommandEvent, EventModel, ReportedEvent
from ocppdiag_contracts.events.log import LogBytesReceived, LogStatusReported, LogStored, LogUploadBroken
from ocppdiag_contracts.events.monitoring import EventReported, MonitoringReportPartReceived
from ocppdiag_contracts.events.results import (
    Answer,
    ClearMonitoringResult,
    CustomerReport,
    Irregularity,
    LogElsewhere,
    LogFile,
    MonitoringReport,
    MonitorsCleared,
    MonitorsSet,
    OpenCommand,
    OpenCommands,
    Result,
    SetMonitoringResult,
    TriggeredLogStatus,
)
from ocppdiag_contracts.events.station import (
    ConnectorStatusReported,
    SecurityEventReported,
    StationBooted,
    StationConnected,
    StationDisconnected,
    StationSuspected,
)
from ocppdiag_contracts.suspicion import Suspicion

Event = (
    CommandQueued
    | CommandRepeated
    | CommandWaiting
    | CommandSent
    | CommandAccepted
    | CommandSettled
    | LogStatusReported
    | LogBytesReceived
    | LogUploadBroken
    | LogStored
    | MonitoringReportPartReceived
    | CustomerInformationPartReceived
    | EventReported
    | StationConnected
    | StationDisconnected
    | StationSuspected
    | StationBooted
    | ConnectorStatusReported
    | SecurityEventReported
)

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
"""Any event."""


def read_event(body: bytes | str) -> Event:
    """Read an event from its JSON; members that are not listed here are a newer worker's, and passed over.

    Raises:
        pydantic.ValidationError: it is no event that is known here.

    """
    return EVENT.validate_json(body, extra="ignore")


__all__ = [
    "EVENT",
    "LONGEST_CLAIMED_STATION",
    "Answer",
    "ClearMonitoringResult",
    "CommandAccepted",
    "CommandEvent",
    "CommandQueued",
    "CommandRepeated",
    "CommandSent",
    "CommandSettled",
    "CommandWaiting",
    "ConnectorStatusReported",
    "CustomerInformationPartReceived",
    "CustomerReport",
    "Event",
    "EventModel",
    "EventReported",
    "Irregularity",
    "LogBytesReceived",
    "LogElsewhere",
    "LogFile",
    "LogStatusReported",
    "LogStored",
    "LogUploadBroken",
    "MonitoringReport",
    "MonitoringReportPartReceived",
    "MonitorsCleared",
    "MonitorsSet",
    "OpenCommand",
    "OpenCommands",
    "Outcome",
    "ReportedEvent",
    "Result",
    "SecurityEventReported",
    "SetMonitoringResult",
    "StationBooted",
    "StationConnected",
    "StationDisconnected",
    "StationSuspected",
    "Suspicion",
    "TriggeredLogStatus",
    "Waiting",
    "read_event",
]
