"""The same message in the words of each protocol version: read with the newest shape, written in the station's own."""

import json
from functools import cache
from typing import Any, TypedDict, TypeVar

from msgspec import Raw

from ocppdiag_contracts import link
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.receive import Received, UnreadableError, receive
from ocppdiag_workers.operation import Operation, instant

M = TypeVar("M", bound=OcppModel)
N = TypeVar("N", bound=OcppModel)

_version = cache(OcppVersion)
"""An enum looks its member up in Python."""

LARGEST_SHOWN = 2**16
"""Bytes of a broken payload that still go along with its event."""

DEEPEST_SHOWN = 32

_UNKNOWN_MEMBER = ": extra_forbidden"


def read(called: link.Called, model: type[M]) -> Received[M]:
    """Read a CALL with 2.0.1's shape, which takes all that 2.0 sends and is more forgiving (no requestId, say).

    Members that the shape does not know are no violation from a 2.0 station: its schemas allow them.

    Raises:
        UnknownActionError: the station's version has no such message.
        UnreadableError: the payload cannot be mended.

    """
    version = _version(called.version)
    PROFILE.shapes(called.action, version)
    received = receive(model, bytes(called.payload))
    if version is OcppVersion.V20 and received.violations:
        counted = tuple(text for text in received.violations if not text.endswith(_UNKNOWN_MEMBER))
        return Received(received.message, counted)
    return received


def read_part(called: link.Called, model: type[M], of_v20: type[N]) -> Received[M] | Received[N]:
    """Read one part of a report; a 2.0 station may leave its requestId out. Raises as `read`."""
    try:
        return read(called, model)
    except UnreadableError:
        if called.version != OcppVersion.V20:
            raise
        return receive(of_v20, bytes(called.payload))


def read_response(operation: Operation, action: str, payload: bytes) -> OcppModel:
    """Read the station's answer to a CALL of ours, in its own version. Raises UnreadableError."""
    return receive(PROFILE.shapes(action, _version(operation.version)).response, payload).message


class Told(TypedDict):
    """What every event that a station has told begins with."""

    id: str
    time: Any
    station: str
    violations: list[str]
    payload: dict[str, Any] | None


def told(called: link.Called, received: Received[Any]) -> Told:
    """Begin an event; a message that had to be mended goes along as it was sent."""
    return {
        "id": f"{called.station}/{called.epoch}.{called.seq}",
        "time": instant(called.at),
        "station": called.station,
        "violations": list(received.violations),
        "payload": as_sent(called, received),
    }


def as_sent(called: link.Called, received: Received[Any]) -> dict[str, Any] | None:
    """What had to be mended, as it was sent."""
    return shown(bytes(called.payload)) if received.violations else None


def shown(text: bytes) -> dict[str, Any] | None:
    """A payload for people; what is large, or deeper than every reader of ours goes, is left out."""
    if len(text) > LARGEST_SHOWN:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    level: list[Any] = [content]
    for _ in range(DEEPEST_SHOWN):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    too_deep = any(isinstance(item, dict | list) for item in level)
    return content if isinstance(content, dict) and not too_deep else None


def answer(called: link.Called, fields: dict[str, Any]) -> Raw:
    """Write the answer to a CALL. Raises UnknownActionError."""
    return Raw(
        PROFILE.shapes(called.action, _version(called.version)).response.model_validate(fields).to_wire()
    )


def thanks(called: link.Called) -> Raw:
    """Write the answer that says nothing. Raises UnknownActionError."""
    return _thanks(called.action, _version(called.version))


@cache
def _thanks(action: str, version: OcppVersion) -> Raw:
    return Raw(PROFILE.shapes(action, version).response.model_validate({}).to_wire())


def request(action: str, version: str, fields: dict[str, Any]) -> OcppModel:
    """Write a CALL of ours. Raises UnknownActionError when the version has no such request."""
    return PROFILE.shapes(action, _version(version)).request.model_validate(fields)


def empty_list(payload: bytes, member: str) -> bool:
    """Whether a list that a response must have is empty or absent, as some stations say that all of it failed."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get(member) in (None, [])
