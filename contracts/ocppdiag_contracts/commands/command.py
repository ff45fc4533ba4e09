"""What every command has."""

from datetime import MAXYEAR, datetime, timedelta
from typing import ClassVar, Literal
from uuid import uuid4

from pydantic import Field, model_validator

from ocppdiag_contracts.model import CommandId, Instant, Message, StationId, now


class CommandModel(Message):
    """A wish about one station.

    The same id for the same station is the same command, however often it is sent: it is carried out once.
    """

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=15)
    LONGEST_TIME: ClassVar[timedelta] = timedelta(days=7)

    id: CommandId = Field(default_factory=lambda: str(uuid4()))
    schema_version: Literal[1] = 1
    time: Instant = Field(default_factory=now)
    station: StationId
    deadline: Instant | None = Field(
        default=None,
        description="When to give up, at most 7 days after `time`. Absent: 15 minutes after it for what is followed by a log "
        "or a report, 2 minutes after it for the rest.",
    )

    @property
    def due(self) -> datetime:
        """When the final event is due at the latest."""
        return self.deadline or self.time + self.DEFAULT_TIME

    @model_validator(mode="after")
    def _within_reach(self) -> "CommandModel":
        if self.time.year == MAXYEAR:
            raise ValueError("time: must leave room for a deadline")
        if self.deadline and self.deadline - self.time > self.LONGEST_TIME:
            raise ValueError("deadline: must be at most 7 days after time")
        return self
