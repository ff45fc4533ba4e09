"""Take a command back that still waits."""

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from ocppdiag_contracts.commands.command import CommandModel
from ocppdiag_contracts.model import CommandId


class Cancel(CommandModel):
    """Take back a command that the station has not been asked yet; one that it has been asked goes on.

    The cancelled command ends as `cancelled`; a log that is being uploaded is cancelled by a newer `get_log`.
    """

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["cancel"] = "cancel"
    command_id: CommandId = Field(description="Of the command to take back, for the same station.")
