"""The steps that every command takes before its end."""

from typing import Literal

from pydantic import Field

from ocppdiag_contracts.events.event import CommandEvent
from ocppdiag_contracts.model import Instant


class CommandQueued(CommandEvent):
    """The command is recorded and will reach a final event."""

    event: Literal["command_queued"] = "command_queued"
    command: str
    request_id: int | None = Field(
        description="OCPP's requestId, which the station repeats in what it sends; null where OCPP has none."
    )
    deadline: Instant


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
