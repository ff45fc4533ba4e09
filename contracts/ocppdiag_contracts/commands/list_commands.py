"""Say which commands of a station have not ended."""

from datetime import timedelta
from typing import ClassVar, Literal

from ocppdiag_contracts.commands.command import CommandModel


class ListCommands(CommandModel):
    """List what is open for a station: what waits for it, and what is under way. The station is not asked."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["list_commands"] = "list_commands"
