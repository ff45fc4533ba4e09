"""The one final event of a command."""

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from ocppdiag_contracts.events.event import CommandEvent
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.model import Message

LONGEST_CLAIMED_STATION = 60


class Outcome(StrEnum):
    """How a command ended."""

    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class LogFile(Message):
    """A log, stored."""

    model_config = ConfigDict(extra="ignore")

    location: str = Field(description="Where it lies: a file: or s3: address, for who may read the store.")
    size: int = Field(ge=0, description="Bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    filename: str | None = Field(default=None, description="The station's own name for it: for display only.")
    reported: str | None = Field(
        default=None,
        description="The station's last LogStatusNotification; other than Uploaded at the deadline.",
    )


class CommandSettled(CommandEvent):
    """The end of a command, once and only once."""

    event: Literal["command_settled"] = "command_settled"
    station: str = Field(
        max_length=LONGEST_CLAIMED_STATION, description="As the command had it: of an invalid one, anything."
    )
    command: str | None = Field(description="Its name; null when the command was too broken to tell.")
    outcome: Outcome
    failure: Failure | str | None = Field(
        default=None,
        union_mode="left_to_right",
        description="Null when completed; from a newer worker it may be one that is not listed here.",
    )
    retry: Retry | None = Field(default=None, description="What the same wish under a new id would do.")
    detail: str | None = Field(default=None, max_length=1000, description="For people; never parse it.")
    result: LogFile | None = None
