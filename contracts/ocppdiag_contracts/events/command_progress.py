"""The steps that every command takes before its end."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from ocppdiag_contracts.events.event import CommandEvent
from ocppdiag_contracts.model import Instant, OrNewer


class CommandQueued(CommandEvent):
    """The command is recorded and will reach a final event."""

    event: Literal["command_queued"] = "command_queued"
    command: str
    request_id: int | None = Field(
        description="OCPP's requestId, which the station repeats in what it sends; null where OCPP has none."
    )
    deadline: Instant


class CommandRepeated(CommandEvent):
    """The same command has come again, and is not carried out again: how far it is."""

    event: Literal["command_repeated"] = "command_repeated"
    command: str
    request_id: int | None = Field(
        description="OCPP's requestId, which the station repeats in what it sends; null where OCPP has none."
    )
    deadline: Instant
    state: str = Field(description="waiting, queued (the station is to be asked), sent or accepted.")


class Waiting(StrEnum):
    """Why a command waits for its station."""

    NOT_CONNECTED = "not_connected"
    """The station has no connection, or has not booted on it yet."""

    BUSY = "busy"
    """Too many calls wait for the station already, or commands that came before this one still wait for it."""

    CONNECTION_LOST = "connection_lost"
    """The connection went with the call under way, which does no harm a second time."""


class CommandWaiting(CommandEvent):
    """The command waits for its station, and goes out when that is back and has booted."""

    event: Literal["command_waiting"] = "command_waiting"
    reason: OrNewer[Waiting]
    until: Instant


class CommandSent(CommandEvent):
    """The gateway has written the CALL to the station's socket."""

    event: Literal["command_sent"] = "command_sent"


class CommandAccepted(CommandEvent):
    """The station has accepted; what it owes is to follow."""

    event: Literal["command_accepted"] = "command_accepted"
    status: str = Field(description="As the station said it: Accepted or AcceptedCanceled.")
    filename: str | None = Field(
        default=None, description="The station's own name for the file: for display only."
    )
