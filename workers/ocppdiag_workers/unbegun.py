"""Commands that end before they begin: whose each claims to be, and the event that ends it. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import DecodeError, Raw, ValidationError, json

from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.events import LONGEST_CLAIMED_STATION, CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure

_COMMAND_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INVALID = UUID("5f0c1d0e-3c0b-5d0a-9b1e-0c9a7d2f4e11")
"""Names the events of invalid commands apart from each other."""


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
    except (DecodeError, ValidationError, KeyError, ValueError, RecursionError):
        return None
    if not _COMMAND_ID.fullmatch(command_id) or len(station.encode()) > LONGEST_CLAIMED_STATION:
        return None
    return Claim(
        station, command_id, command if isinstance(command, str) and command in COMMAND_NAMES else None
    )


def refused(whose: Claim, body: bytes, detail: str, now: datetime) -> CommandSettled:
    """End a command that is not of the published shape; `detail` names what is wrong with it."""
    step = f"invalid/{uuid5(_INVALID, body.hex())}"
    return _settled(whose, step, now, (Outcome.REJECTED, Failure.INVALID_COMMAND, detail))


def given_up(whose: Claim, now: datetime) -> CommandSettled:
    """End a command that workers have failed at, or fallen over, each time that it came."""
    detail = "given up: it failed whenever it was begun"
    return _settled(whose, "given_up", now, (Outcome.FAILED, Failure.INTERNAL_ERROR, detail))


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
