"""What every command has."""

from datetime import MAXYEAR, datetime, timedelta
from enum import StrEnum
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


class IfOffline(StrEnum):
    """What becomes of a command whose station is not connected."""

    FAIL = "fail"
    """It fails at once (`not_connected`)."""

    WAIT = "wait"
    """It waits for the station, in its place behind those that came before it."""


class StationCommand(CommandModel):
    """A wish that the station is asked for."""

    if_offline: IfOffline = IfOffline.FAIL
    wait_until: Instant | None = Field(
        default=None,
        description="With `wait`: how long, at most 7 days after `time`. Absent: until the deadline. The usual deadline "
        "counts from here.",
    )

    @property
    def due(self) -> datetime:
        """When the final event is due at the latest."""
        return self.deadline or (self.wait_until or self.time) + self.DEFAULT_TIME

    @property
    def waits_until(self) -> datetime | None:
        """How long it may wait for its station; None: not at all."""
        return (self.wait_until or self.due) if self.if_offline is IfOffline.WAIT else None

    @model_validator(mode="after")
    def _waits_in_time(self) -> "StationCommand":
        if self.wait_until is None:
            return self
        if self.if_offline is not IfOffline.WAIT:
            raise ValueError("wait_until: only goes with if_offline wait")
        if self.wait_until - self.time > self.LONGEST_TIME:
            raise ValueError("wait_until: must be at most 7 days after time")
        if self.wait_until > self.due:
            raise ValueError("wait_until: must not be after deadline")
        return self
