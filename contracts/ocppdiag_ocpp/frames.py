"""The OCPP-J envelope, both ways and nothing else: bytes in, values out (OCPP 2.0.1 part 4, 4.2). Pure."""

import re
from enum import IntEnum

from msgspec import Raw, Struct
from msgspec.json import Decoder, encode

from ocppdiag_ocpp.errors import ErrorCode

UNREADABLE_ID = "-1"
"""The id in an answer to a frame whose own could not be read (part 4, 4.2.3)."""

LONGEST_LEGAL_ID = 36

LONGEST_ID = 255
"""Stations that prefix their UUIDs are let through and counted."""

DEEPEST = 64
"""How many objects and lists of a payload may lie in one another. OCPP's own have less than ten; readers further on,
in whatever language, give up at some depth of theirs, and would lose with it what came along."""

MOST_NESTED = 2**16
"""Objects and lists in one payload; a report of a mebibyte has half as many."""

LONGEST_DESCRIPTION = 255

_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


class MessageType(IntEnum):
    """The first member of a frame."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4


class Call(Struct, frozen=True):
    """`[2, id, action, payload]`."""

    message_id: str
    action: str
    payload: Raw


class CallResult(Struct, frozen=True):
    """`[3, id, payload]`; `payload` is None when it is there and no object, or too deep a one."""

    message_id: str
    payload: Raw | None


class CallError(Struct, frozen=True):
    """`[4, id, code, description, details]`, of which stations leave out the last ones."""

    message_id: str
    code: str
    description: str


class Malformed(Struct, frozen=True):
    """No frame. `answer` is the CALLERROR that is due, None where OCPP owes none (never to a CALLRESULT)."""

    reason: str
    answer: bytes | None


Frame = Call | CallResult | CallError | Malformed

_MEMBERS: Decoder[list[Raw]] = Decoder(list[Raw])
_ID = Decoder(str)
_TYPE = Decoder(int)
_EMPTY = Raw(b"{}")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_ANSWERS = (MessageType.CALLRESULT, MessageType.CALLERROR)


def parse(text: str | bytes) -> Frame:
    """Read one frame; whatever it is, there is a value for it and never an exception."""
    try:
        members = _MEMBERS.decode(text)
    except (ValueError, RecursionError):
        return _unreadable("not a JSON array")
    kind = _integer(members[0]) if members else None
    message_id = _string(members[1]) if len(members) > 1 else None
    if message_id is None or len(message_id) > LONGEST_ID:
        reason = "no message id"
        return Malformed(reason, None) if kind in _ANSWERS else _unreadable(reason)
    match kind:
        case MessageType.CALL:
            return _call(message_id, members)
        case MessageType.CALLRESULT:
            payload = _object(members[2]) if len(members) > 2 else _EMPTY  # noqa: PLR2004
            return CallResult(message_id, None if payload is None or _too_deep(payload) else payload)
        case MessageType.CALLERROR:
            return CallError(message_id, *(_text(members, index) for index in (2, 3)))
        case None:
            return _malformed(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, "the message type is no integer")
        case _:
            return _malformed(message_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "unknown message type")


def _call(message_id: str, members: list[Raw]) -> Call | Malformed:
    action = _string(members[2]) if len(members) > 2 else None  # noqa: PLR2004
    if action is None:
        return _malformed(
            message_id, ErrorCode.RPC_FRAMEWORK_ERROR, "a CALL needs an action, which is a string"
        )
    if len(members) > 4:  # noqa: PLR2004
        return _malformed(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, "a CALL has four members")
    payload = _object(members[3]) if len(members) > 3 else _EMPTY  # noqa: PLR2004
    if payload is None:
        return _malformed(message_id, ErrorCode.PROTOCOL_ERROR, "the payload is no object")
    if _too_deep(payload):
        return _malformed(message_id, ErrorCode.FORMAT_VIOLATION, "too much is nested in the payload")
    return Call(message_id, action, payload)


def is_action(name: str) -> bool:
    """Tell whether a name can be an action at all: anything else cannot be claimed by anybody."""
    return _ACTION.fullmatch(name) is not None


def write_call(message_id: str, action: str, payload: bytes | Raw) -> bytes:
    """Write a CALL; the payload is passed on byte for byte."""
    return b"[2,%b,%b,%b]" % (encode(message_id), encode(action), bytes(payload))


def write_result(message_id: str, payload: bytes | Raw) -> bytes:
    """Write a CALLRESULT; the payload is passed on byte for byte."""
    return b"[3,%b,%b]" % (encode(message_id), bytes(payload))


def write_error(message_id: str, code: str, description: str = "") -> bytes:
    """Write a CALLERROR with no details."""
    return encode((MessageType.CALLERROR, message_id, code, description[:LONGEST_DESCRIPTION], {}))


def _malformed(message_id: str, code: ErrorCode, reason: str) -> Malformed:
    return Malformed(reason, write_error(message_id, code, reason))


def _unreadable(reason: str) -> Malformed:
    return _malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, reason)


BINARY = _unreadable("a frame is a text message")
"""What a binary message is, whatever is in it."""


def _string(raw: Raw) -> str | None:
    try:
        return _ID.decode(raw)
    except ValueError:
        return None


def _integer(raw: Raw) -> int | None:
    try:
        return _TYPE.decode(raw)
    except ValueError:
        return None


def _object(raw: Raw) -> Raw | None:
    """Pass an object; take `null` for an empty one (stations of some makers send it)."""
    match bytes(raw).lstrip()[:1]:
        case b"{":
            return raw
        case b"n":
            return _EMPTY
        case _:
            return None


def _too_deep(payload: Raw) -> bool:
    """Look for more than DEEPEST levels in valid JSON: without reading it, because it may be a mebibyte."""
    text = bytes(payload)
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    if b"\\" in text:
        text = _ESCAPED.sub(b"", text)
    marks = text.translate(_ONE_KIND, _NO_MARKS)
    brackets = b"".join(marks.split(b'"')[::2])  # every second piece is a string
    if len(brackets) > 2 * MOST_NESTED:
        return True
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"")  # takes the innermost level off
    return bool(brackets)


def _text(members: list[Raw], index: int) -> str:
    return (_string(members[index]) if len(members) > index else None) or ""
