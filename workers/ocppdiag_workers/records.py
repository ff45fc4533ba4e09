"""How operations lie in Redis: what is read there and what is written, as values. Pure."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Self

import msgspec
from msgspec import Struct

from ocppdiag_redis import Command, ScriptCall, keys
from ocppdiag_workers import scripts
from ocppdiag_workers.letters import Letter, letter, letters
from ocppdiag_workers.operation import MonitorsSeen, Operation, Step
from ocppdiag_workers.parts import Part

KEPT_MS = 24 * 3600 * 1000
"""How long an ended operation is remembered, so that its command sent again finds its end."""

COUNTED_MS = 30 * KEPT_MS
"""How long the last requestId is remembered: longer than any station answers to an old one."""

Name = tuple[str, str]
"""Of an operation: its station and its command's id."""

Request = tuple[str, str, int]
"""Station, family and requestId."""

PATIENCE_SECONDS = 5.0
"""How long an event may be unsent before somebody else sends it: its own handler is most likely about to."""

_OPERATION = msgspec.json.Decoder(Operation)
_LETTER = msgspec.json.Decoder(Letter)
_PART = msgspec.json.Decoder(Part)
_UNSENT = b"unsent:"


class Remembered(Struct, frozen=True):
    """An operation as it lies in Redis: what was read belongs to one revision."""

    operation: Operation
    revision: int
    unsent: tuple[Letter, ...] = ()

    def being_told(self, now: float) -> bool:
        """Whether events are unsent that somebody is most likely at: they are left to him, and to an alarm."""
        return bool(self.unsent) and max(each.at for each in self.unsent) >= now - PATIENCE_SECONDS


class Change(Struct, frozen=True):
    """A transition and its events, to be written if nobody else has moved on from the revision that was read.

    Revision 0 is an operation that is not there yet. `keep` is a part that came with the news. An operation that has
    ended has a `final` letter, kept for who sends the command again; its parts are forgotten.
    """

    operation: Operation
    told: tuple[Letter, ...]
    revision: int
    keep: Part | None = None
    final: Letter | None = None

    @classmethod
    def of(cls, before: Remembered, step: Step) -> Self:
        """Make it of a step that an operation takes, with its events written in its trace."""
        operation, trace = step.operation, before.operation.trace
        final = letter(step.final.for_later(), trace) if step.final else None
        return cls(operation, letters(step.events, trace), before.revision, step.keep, final)


def remembered(fields: Mapping[bytes, bytes]) -> Remembered | None:
    """Read an operation; None where there is none."""
    if b"operation" not in fields:
        return None
    unsent = tuple(read_letter(text) for name, text in fields.items() if name.startswith(_UNSENT))
    return Remembered(_OPERATION.decode(fields[b"operation"]), int(fields[b"revision"]), unsent)


def commit(change: Change, now: float) -> ScriptCall:
    """Write a change as the scripts take it; `now` in seconds since 1970."""
    operation, keep, final = change.operation, change.keep, change.final
    station, command_id = operation.station, operation.id
    if change.revision and not (operation.ended or operation.waits or keep or change.told):
        return ScriptCall(
            scripts.MOVE_ON,
            (keys.operation(station, command_id),),
            (change.revision, msgspec.json.encode(operation)),
        )
    left = 0 if operation.ended else max(0.0, operation.due - now)
    return ScriptCall(
        scripts.COMMIT,
        (
            keys.operation(station, command_id),
            keys.request(station, operation.family or "", operation.request_id),
            keys.open_operations(station),
            keys.parts(station, command_id),
            keys.final(station, command_id),
            keys.waiting(station),
        ),
        (
            change.revision,
            msgspec.json.encode(operation),
            command_id,
            int(operation.ended),
            int(left * 1000) + KEPT_MS,
            int(operation.family is not None),
            *(part_fields(keep) if keep else ("", "")),
            msgspec.json.encode(keep) if keep else "",
            msgspec.json.encode(final) if final else "",
            repr(operation.begun) if operation.in_line else "left" if operation.waits else "",
            *(text for each in change.told for text in (each.id, msgspec.json.encode(each))),
        ),
    )


def forget(operation: Operation) -> ScriptCall:
    """Take back the beginning of an operation, as the script takes it."""
    station, command_id = operation.station, operation.id
    return ScriptCall(
        scripts.FORGET,
        (
            keys.operation(station, command_id),
            keys.request(station, operation.family or "", operation.request_id),
            keys.open_operations(station),
            keys.waiting(station),
        ),
        (msgspec.json.encode(operation), command_id),
    )


def known_part(part: Part, first: bytes | None, same: bytes | None) -> tuple[Part | None, bool]:
    """Of what lies in a part's two places: the part that came first under its number, and whether this very one did."""
    known = _PART.decode(first) if first else None
    return known, same is not None or (known is not None and known.digest == part.digest)


def monitors(station: str, seen: MonitorsSeen) -> Iterator[Command]:
    """Write what has become known of a station's monitors."""
    key = keys.monitors(station)
    if seen.all_gone:
        yield ("DEL", key)
    there = {monitor: severity for monitor, severity in seen.severities.items() if severity is not None}
    if there:
        yield ("HSET", key, *chain(*there.items()))
        yield ("PEXPIRE", key, COUNTED_MS)
    if gone := [monitor for monitor, severity in seen.severities.items() if severity is None]:
        yield ("HDEL", key, *gone)


def unsent_field(letter: Letter) -> str:
    """Where an event lies until it is confirmed."""
    return f"{_UNSENT.decode()}{letter.id}"


def read_letter(text: bytes) -> Letter:
    """Read an event as it was written once."""
    return _LETTER.decode(text)


def part_fields(part: Part) -> tuple[str, str]:
    """Where a part lies: under its number, and when another one lies there, beside it."""
    return str(part.seq_no), f"{part.seq_no}/{part.digest}"


def read_part(text: bytes) -> Part:
    """Read a part."""
    return _PART.decode(text)


def member(station: str, command_id: str) -> bytes:
    """Write an operation's name as it stands among the deadlines."""
    return msgspec.json.encode((station, command_id))
