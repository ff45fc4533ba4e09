"""One command under way, as a value, and what each kind of news does to it. Pure: no clock, no I/O.

News comes in any order and more than once; an ended operation absorbs all of it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b

from msgspec import Raw, Struct
from msgspec.structs import replace

from ocppdiag_contracts.commands import Command, read_command
from ocppdiag_contracts.events import CommandSettled, Event, LogFile, Outcome
from ocppdiag_contracts.failures import Failure

LONGEST_DETAIL = 1000


class State(StrEnum):
    """How far an operation has come; the last five are ends."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ENDS = frozenset({State.COMPLETED, State.REJECTED, State.FAILED, State.EXPIRED, State.CANCELLED})


class Operation(Struct, frozen=True, kw_only=True):
    """The record of one command, as it lies in Redis.

    `node` and `epoch` name the one connection that the call may go to: a repeat of the command never reaches
    another. `details` is what the command's own feature remembers. Times are seconds since 1970.
    """

    id: str
    station: str
    name: str
    family: str
    request_id: int
    command: Raw
    reply_to: str | None
    due: float
    wake_at: float
    node: str | None
    epoch: int
    version: str
    details: Raw
    state: State = State.QUEUED

    @property
    def ended(self) -> bool:
        """Whether nothing changes it any more."""
        return self.state in ENDS

    @property
    def message_id(self) -> str:
        """The OCPP message id of its CALL: the same whenever it is worked out, and within 36 characters."""
        return blake2b(f"{self.station}/{self.id}".encode(), digest_size=16).hexdigest()

    def older_than(self, other: "Operation") -> bool:
        """Whether this one was asked first: requestIds grow, and begin again at 1 after 2**31 - 1."""
        return 0 < (other.request_id - self.request_id) % 2**31 < 2**30

    def event_id(self, step: str) -> str:
        """The id of the event that a step causes: the same whenever it is worked out."""
        return f"{self.station}/{self.id}/{step}"

    def asked(self) -> Command:
        """The command itself."""
        return read_command(bytes(self.command))


@dataclass(frozen=True, slots=True)
class Step:
    """An operation after some news, and the events that the change causes."""

    operation: Operation
    events: tuple[Event, ...] = ()
    supersedes: bool = False
    """The station has dropped its other uploads for this one."""


def instant(at: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(at, UTC)


def settle(
    operation: Operation,
    outcome: Outcome,
    at: float,
    *,
    failure: Failure | None = None,
    detail: str | None = None,
    result: LogFile | None = None,
) -> Step:
    """End an operation: its one final event."""
    event = CommandSettled(
        id=operation.event_id("settled"),
        time=instant(at),
        station=operation.station,
        command_id=operation.id,
        command=operation.name,
        outcome=outcome,
        failure=failure,
        retry=failure.retry if failure else None,
        detail=detail[:LONGEST_DETAIL] if detail else None,
        result=result,
    )
    return Step(replace(operation, state=State(outcome.value)), (event,))
