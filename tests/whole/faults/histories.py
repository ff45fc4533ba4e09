"""The four histories of a trial, all by one monotonic clock: commands sent, CALLs got, CALLs told, events heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Publish(StrEnum):
    """What the broker said of a publish."""

    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    """Not in time: it may be stored."""

    RETURNED = "returned"
    """It went to no queue."""


class Answer(StrEnum):
    """What a station heard of a CALL of its own."""

    RESULT = "result"
    ERROR = "error"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sent:
    """One publish of a command; `mark` is what its CALL can be known by."""

    at: float
    station: str
    command_id: str
    name: str
    action: str
    mark: str
    due: float
    repeatable: bool
    publish: Publish


@dataclass(frozen=True, slots=True)
class Executed:
    """A CALL that a station has got, and so carries out."""

    at: float
    station: str
    connection: int
    message_id: str
    action: str
    mark: str


@dataclass(frozen=True, slots=True)
class Told:
    """A CALL of a station's own, and what it heard of it."""

    at: float
    station: str
    connection: int
    action: str
    payload: Mapping[str, Any]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came; the same one may come twice."""

    at: float
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Histories:
    """They grow while a trial runs; the checker reads them when nothing is added any more."""

    sent: list[Sent] = field(default_factory=list)
    executed: list[Executed] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
