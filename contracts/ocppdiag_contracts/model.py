"""The one shape that every message of ours has: an id, a schema version, a time; frozen, and nothing unknown in it."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from ocppdiag_contracts.identity import STATION_PATTERN, station_id

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def now() -> datetime:
    """The present, in UTC and whole milliseconds (what our JSON can carry)."""
    return _in_milliseconds(datetime.now(UTC))


def _in_milliseconds(instant: datetime) -> datetime:
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be in the years 1 to 9999") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def as_text(instant: datetime) -> str:
    """Write a moment in UTC as it is on the wire."""
    return instant.isoformat(timespec="milliseconds" if instant.microsecond else "seconds").replace(
        "+00:00", "Z"
    )


def _spelled_out(value: object) -> object:
    """Refuse what pydantic would guess a time from: numbers, bare dates, a blank in place of the T."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise ValueError("must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z")


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_spelled_out),
    AfterValidator(_in_milliseconds),
    PlainSerializer(as_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_RFC_3339.pattern}$"}),
]
"""A moment: RFC 3339 with a zone on the wire, UTC and whole milliseconds inside."""

StationId = Annotated[
    str, AfterValidator(station_id), WithJsonSchema({"type": "string", "pattern": STATION_PATTERN})
]
"""The identity of a charging station, as in its connection URL (OCPP 2.0.1 part 4, 3.1.1)."""

CommandId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Chosen by who sends the command, new for each one: a UUID is a good choice."""

MAX_INTEGER = 2**31 - 1
"""OCPP's integers have 32 bits and a sign."""


Listed = TypeVar("Listed", bound=StrEnum)

OrNewer = Annotated[Listed | str, Field(union_mode="left_to_right")]
"""One of a list in an event, or what a newer worker says that is not on it yet: to read it must not fail."""


class Message(BaseModel):
    """What every command and event is built on."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="null")
