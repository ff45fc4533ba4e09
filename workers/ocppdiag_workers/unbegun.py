"""Commands that end with no record of them: whose each claims to be, the event that ends it, the record it gets. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import Raw, json

from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.events import LONGEST_CLAIMED_STATION, CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.operation import NOTHING, Operation, State

_COMMAND_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFUSED = UUID("5f0c1d0e-3c0b-5d0a-9b1e-0c9a7d2f4e11")
"""Names the events of refused commands apart from each other."""

BEGINNING = "queued"
ENDS = ("settled", "given_up")
"""The last part of the id of the event that says so: that a command was begun, or has ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose command it says it is; `command` is its name, if it has one of ours."""

    station: str
    command_id: str
    command: str | None


def claim(body: bytes) -> Claim | None:
    """Read whose command it is; None where that cannot be told."""
    try:
        members = json.decode(body, type=dict[str, Raw])
        command_id = json.decode(members["id"], type=str)
        station = json.decode(members["station"], type=str)
        command = json.decode(members.get("command", b"null"))
    except (ValueError, KeyError, RecursionError):
        return None
    if not _COMMAND_ID.fullmatch(command_id) or len(station.encode()) > LONGEST_CLAIMED_STATION:
        return None
    return Claim(
        station, command_id, command if isinstance(command, str) and command in COMMAND_NAMES else None
    )


def refused(whose: Claim, body: bytes, detail: str, now: datetime) -> CommandSettled:
    """End a command that is not of the published shape; `detail` names what is wrong with it."""
    step = f"invalid/{uuid5(_REFUSED, body.hex())}"
    return _settled(whose, step, now, (Outcome.REJECTED, Failure.INVALID_COMMAND, detail))


def forbidden(whose: Claim, user: str | None, detail: str, now: datetime) -> CommandSettled:
    """End, for this user and nobody else, a command that is not carried out for it."""
    step = f"forbidden/{uuid5(_REFUSED, user or '')}"
    return _settled(whose, step, now, (Outcome.REJECTED, Failure.FORBIDDEN, detail))


def given_up(whose: Claim, now: datetime) -> CommandSettled:
    """End a command that workers have failed at, or fallen over, each time that it came."""
    detail = "given up: it failed whenever it was begun"
    return _settled(whose, "given_up", now, (Outcome.FAILED, Failure.INTERNAL_ERROR, detail))


def lost(whose: Claim, now: datetime) -> CommandSettled:
    """End a command that was begun, and whose record is gone."""
    detail = "our record of the command was lost; the station may have done it"
    return _settled(whose, "settled", now, (Outcome.FAILED, Failure.RECORD_LOST, detail))


def end_ids(station: str, command_id: str) -> frozenset[str]:
    """Return the ids that the final event of a command may have."""
    return frozenset(f"{station}/{command_id}/{step}" for step in ENDS)


def ended(event: CommandSettled, reply_to: str | None, user: str | None) -> Operation:
    """Make the record of a command that has ended with this event, so that it is not begun when it comes again."""
    at = event.time.timestamp()
    return Operation(
        id=event.command_id,
        station=event.station,
        name=event.command or "",
        family=None,
        request_id=0,
        command=NOTHING,
        reply_to=reply_to,
        user=user,
        due=at,
        wake_at=at,
        node=None,
        epoch=0,
        version="",
        details=NOTHING,
        state=State(event.outcome.value),
    )


def _settled(whose: Claim, step: str, now: datetime, ending: tuple[Outcome, Failure, str]) -> CommandSettled:
    outcome, failure, detail = ending
    return CommandSettled(
        id=f"{whose.station}/{whose.command_id}/{step}",
        time=now,
        station=whose.station,
        command_id=whose.command_id,
        command=whose.command,
        outcome=outcome,
        failure=failure,
        retry=failure.retry,
        detail=detail[:1000],
    )
