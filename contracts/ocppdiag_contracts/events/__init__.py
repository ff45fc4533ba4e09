"""What a service may hear: facts, past tense, listed here."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from ocppdiag_contracts.events.command_progress import CommandAccepted, CommandQueued, CommandSent
from ocppdiag_contracts.events.command_settled import (
    LONGEST_CLAIMED_STATION,
    CommandSettled,
    LogFile,
    Outcome,
)
from ocppdiag_contracts.events.event import CommandEvent, EventModel
from ocppdiag_contracts.events.log import LogBytesReceived, LogStatusReported, LogStored, LogUploadBroken
from ocppdiag_contracts.events.station import (
    ConnectorStatusReported,
    SecurityEventReported,
    StationBooted,
    StationConnected,
    StationDisconnected,
)

Event = (
    CommandQueued
    | CommandSent
    | CommandAccepted
    | CommandSettled
    | LogStatusReported
    | LogBytesReceived
    | LogUploadBroken
    | LogStored
    | StationConnected
    | StationDisconnected
    | StationBooted
    | ConnectorStatusReported
    | SecurityEventReported
)

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
"""Reads and writes any event: `EVENT.validate_json(body)`."""

__all__ = [
    "EVENT",
    "LONGEST_CLAIMED_STATION",
    "CommandAccepted",
    "CommandEvent",
    "CommandQueued",
    "CommandSent",
    "CommandSettled",
    "ConnectorStatusReported",
    "Event",
    "EventModel",
    "LogBytesReceived",
    "LogFile",
    "LogStatusReported",
    "LogStored",
    "LogUploadBroken",
    "Outcome",
    "SecurityEventReported",
    "StationBooted",
    "StationConnected",
    "StationDisconnected",
]
