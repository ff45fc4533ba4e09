"""OCPP's own types as pydantic fields, strict: what the schema forbids cannot be constructed, so it is never sent."""

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def _rfc_3339(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_TIME.fullmatch(value)):
        return value
    raise ValueError("not an RFC 3339 date-time")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("not in the years 1 to 9999") from None


def write_date_time(value: datetime) -> str:
    """Write whole seconds and Z: the form that every station reads (OCPP 2.0.1 part 4, 4.1.4)."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


DateTime = Annotated[
    AwareDatetime,
    BeforeValidator(_rfc_3339),
    AfterValidator(_in_utc),
    PlainSerializer(write_date_time, return_type=str, when_used="json"),
]
Integer = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Boolean = StrictBool

_WHOLE_UP_TO = 2**63


def write_number(value: float) -> float:
    """Write a whole number as one (22, not 22.0 nor 1e+16), as far as it fits into 64 bits."""
    return int(value) if value.is_integer() and abs(value) < _WHOLE_UP_TO else value


Number = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False),
    PlainSerializer(write_number, return_type=int | float, when_used="json"),
]

T = TypeVar("T")
NonEmpty = Annotated[list[T], Field(min_length=1)]
"""OCPP has no empty lists: what is empty is left out."""


def Text(longest: int) -> StringConstraints:  # noqa: N802 (reads as a type: Annotated[str, Text(50)])
    """Limit a string to so many characters."""
    return StringConstraints(strict=True, max_length=longest)


class OcppModel(BaseModel):
    """An object on the wire: camelCase names there, ours in Python; unknown members are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )
    unknown_when_read: ClassVar[Literal["ignore"] | None] = None
    """What becomes of unknown members in what a station sent; None: refused, thus mended and counted."""

    def to_wire(self) -> bytes:
        """Write the object as OCPP wants it: no null, no default that was not asked for."""
        return self.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True).encode()


class ObjectV20(OcppModel):
    """An object of 2.0: its schemas know no customData, and leave the sender free to add members of its own."""

    unknown_when_read = "ignore"


class CustomData(OcppModel):
    """A vendor's own members, which every object of 2.0.1 may carry."""

    model_config = ConfigDict(extra="allow")
    vendor_id: Annotated[str, Text(255)]


class Extensible(OcppModel):
    """An object of 2.0.1: any of them may have customData."""

    custom_data: CustomData | None = None


class StatusInfo(Extensible):
    """StatusInfoType: why a status is what it is."""

    reason_code: Annotated[str, Text(20)]
    additional_info: Annotated[str, Text(512)] | None = None
