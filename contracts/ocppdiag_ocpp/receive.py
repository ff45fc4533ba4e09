"""Read what stations send: strictly first, and where that fails mend what is unambiguous, counting each mend.

One set of models serves both directions. A message that keeps its schema is validated once; one that breaks it is
repaired field by field as the errors point at them, and refused with OCPP's error code when a field cannot be
repaired (what stations do wrong, and how often, is why this room exists).
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode

M = TypeVar("M", bound=OcppModel)

MOST_MENDS = 100
"""A payload with more faults than this is not worth the time: it is refused."""

_ROUNDS = 4
_LONE_HOUR = re.compile(r"([+-]\d\d)$")
_NO_COLON = re.compile(r"([+-]\d\d)(\d\d)$")
_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_JAVA_ZONE = re.compile(r"\[[^]]*\]$")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_WHOLE = re.compile(r"\s*[+-]?\d{1,18}(\.0+)?\s*")
_GONE = object()
_UNKNOWN = "Unknown"
_OTHER_WORDS = {"UploadFailed": "UploadFailure"}
"""What OCPP 1.6 calls a thing that has another name since, and stations go on saying."""
_LEFT_OUT: dict[str | int, bool] = {"tbc": False, "cleared": False}
"""What 2.0 wants said and 2.0.1 lets be absent, and what that then means."""


class UnreadableError(ValueError):
    """The payload cannot be read as its message; `code` is the CALLERROR that says so."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Received(Struct, Generic[M], frozen=True):
    """A message, and what had to be mended to read it (`field: what was wrong`), empty for a faithful one."""

    message: M
    violations: tuple[str, ...] = ()


def receive(model: type[M], payload: bytes) -> Received[M]:
    """Read a payload.

    Raises:
        UnreadableError: it cannot be mended.

    """
    try:
        return _read(model, payload, [])
    except ValidationError as first:
        refusal = first
    if refusal.error_count() > MOST_MENDS:
        raise UnreadableError(ErrorCode.FORMAT_VIOLATION, f"more than {MOST_MENDS} fields are wrong")
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError) as broken:
        raise UnreadableError(ErrorCode.FORMAT_VIOLATION, "not valid JSON") from broken
    violations: list[str] = []
    for _ in range(_ROUNDS):
        # From the end, so that what is taken out of a list moves nothing that is still to be mended.
        mended = [_mend(content, item) for item in reversed(refusal.errors(include_url=False))]
        violations += [note for note in reversed(mended) if note]
        if not any(mended):
            break
        try:
            return _read(model, json.dumps(content).encode(), violations)
        except ValidationError as again:
            refusal = again
    raise _refused(refusal)


def _read(model: type[M], text: bytes, mended: list[str]) -> Received[M]:
    """Read by the names on the wire only: ours are unknown members there, and whether those matter the model says."""
    message = model.model_validate_json(text, by_alias=True, by_name=False, extra=model.unknown_when_read)
    nulls = islice(_nulls(message), MOST_MENDS) if b"null" in text else ()
    return Received(message, (*mended, *nulls))


def _nulls(value: object, *path: str | int) -> Iterator[str]:
    """Name each field that was sent as `null`: OCPP has none, and what is absent is left out (part 4, 4.1.5)."""
    match value:
        case list():
            for index, item in enumerate(value):
                yield from _nulls(item, *path, index)
        case OcppModel():
            for name, field in type(value).model_fields.items():
                if name in value.model_fields_set:
                    yield from _nulls(getattr(value, name), *path, field.alias or name)
        case None:
            yield f"{'.'.join(map(str, path))}: null"
        case _:
            pass


def _mend(content: Any, error: ErrorDetails) -> str | None:  # noqa: ANN401 (JSON)
    """Repair one field in place and say what was wrong, or return None."""
    if not error["loc"]:  # no JSON, or no object
        return None
    *path, last = error["loc"]
    if (error["type"], last) == (
        "missing",
        "vendorId",
    ) and path:  # customData of nobody's: nothing we can read
        *path, last = path
    holder = content
    try:
        for step in path:
            holder = holder[step]
        left_out = error["type"] == "missing" and last in _LEFT_OUT
        value = None if left_out else holder[last]
    except (KeyError, IndexError, TypeError):
        return None
    better = _LEFT_OUT[last] if left_out else _better(value, error)
    if better is value:
        return None
    if better is _GONE:
        del holder[last]
    else:
        holder[last] = better
    return f"{'.'.join(map(str, error['loc']))}: {error['type']}"


def _better(value: Any, error: ErrorDetails) -> Any:  # noqa: ANN401 (JSON; one return a kind of repair)
    kind = error["type"]
    if value is None or kind in ("extra_forbidden", "missing") or (kind == "too_short" and value == []):
        return _GONE
    match kind, value:
        case ("int_type" | "int_from_float", float()) if value.is_integer():
            return int(value)
        case "int_type", str() if _WHOLE.fullmatch(value):
            return int(value.partition(".")[0])
        case "float_type", str():
            return _number(value)
        case "bool_type", (0 | 1 | "true" | "false" | "True" | "False"):
            return value in (1, "true", "True")
        case "string_too_long", str():
            return value[: error["ctx"]["max_length"]]
        case "value_error", "":
            return _GONE
        case "value_error", str():
            return _date_time(value)
        case "enum", str():
            return _spelling(value, error["ctx"]["expected"])
        case _:
            return value


def _number(text: str) -> Any:  # noqa: ANN401 (the text itself when it is no number)
    try:
        return float(text)
    except ValueError:
        return text


def _date_time(text: str) -> str:
    """Mend the ways in which stations write times: no zone (taken as UTC), half a zone, Java's zone, long fractions."""
    better = _JAVA_ZONE.sub("", text.strip().replace(" ", "T", 1))
    if "T" in better:
        better = _NO_COLON.sub(r"\1:\2", _LONE_HOUR.sub(r"\1:00", better))
    better = _FRACTION.sub(r"\1", better)
    better = better if _ZONE.search(better) or "T" not in better else better + "Z"
    return text if better == text else better


def _spelling(value: str, expected: str) -> str:
    """Find the one member of an enum that differs only in case, has another name since, or stands for all others."""
    members = re.findall(r"'([^']*)'", expected)
    meant = _OTHER_WORDS.get(value, value).strip().lower()
    alike = next((member for member in members if member.lower() == meant), None)
    return alike or (_UNKNOWN if _UNKNOWN in members else value)


def _refused(error: ValidationError) -> UnreadableError:
    item = error.errors(include_url=False, include_input=False)[0]
    return UnreadableError(_code(item["type"]), f"{'.'.join(map(str, item['loc']))}: {item['type']}")


def _code(kind: str) -> ErrorCode:
    """Map a validation error to the code whose description fits it (OCPP 2.0.1 part 4, 4.3)."""
    if kind in ("missing", "too_short", "too_long"):
        return ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
    if kind in ("extra_forbidden", "json_invalid"):
        return ErrorCode.FORMAT_VIOLATION
    if kind.endswith("_type"):
        return ErrorCode.TYPE_CONSTRAINT_VIOLATION
    return ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
