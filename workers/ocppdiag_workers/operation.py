"""One command under way, as a value, and what news has done to it. Pure: no clock, no I/O.

News comes in any order and more than once; an ended operation absorbs all of it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import TypedDict, TypeVar

from msgspec import Raw, Struct, field
from msgspec.structs import replace

from ocppdiag_contracts.commands import CommandModel, read_command
from ocppdiag_contracts.events import CommandSettled, Outcome, Result
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.parts import Part
from ocppdiag_workers.written import EndWritten, ReportWritten, Told

LONGEST_DETAIL = 1000
NOTHING = Raw(b"null")

C = TypeVar("C", bound=CommandModel)


class State(StrEnum):
    """How far an operation has come; the last five are ends."""

    WAITING = "waiting"
    """For its station to be there."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ENDS = frozenset({State.COMPLETED, State.REJECTED, State.FAILED, State.EXPIRED, State.CANCELLED})


class OfCommand(TypedDict):
    """What every event of a command begins with."""

    id: str
    time: datetime
    station: str
    command_id: str


class Operation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of one command, as it lies in Redis.

    `node` and `epoch` name the one connection that its calls may go to: a repeat of the command never reaches
    another; while it waits, `epoch` is that of the one that has just not taken it (0: any will do). `turn` counts its
    CALLs, of which one at a time is under way. `details` is what the command's own feature
    remembers. `sent` is the stamp (epoch, sequence) of the moment its first CALL left, `heard` that of the newest
    message of the station that changed something. `waits_until` is how long it may wait for its station (0: not at
    all), `waits` how often it has begun to, `lost` how often a connection went with its CALL under way; `withdrawn_by`
    is the command that took it back while it waited. `user` is who has sent it, if the broker knew that. `trace` is the `traceparent`
    of the step that it was begun in. `overdue`: the
    gateway no longer waits for the answer. `store` is the Redis that it was begun in. Times are seconds since 1970.
    """

    id: str
    station: str
    name: str
    family: str | None
    request_id: int
    command: Raw
    reply_to: str | None
    due: float
    wake_at: float
    node: str | None
    epoch: int
    version: str
    details: Raw
    begun: float = 0.0
    store: str = ""
    waits_until: float = 0.0
    waits: int = 0
    lost: int = 0
    withdrawn_by: str | None = None
    user: str | None = None
    trace: str | None = None
    overdue: bool = False
    turn: int = 0
    sent: tuple[int, int] = (0, 0)
    heard: tuple[int, int] = (0, 0)
    state: State = State.QUEUED

    @property
    def ended(self) -> bool:
        """Whether nothing changes it any more."""
        return self.state in ENDS

    @property
    def in_line(self) -> bool:
        """Whether it waits for its station, or has waited and is not known to have left."""
        return self.state is State.WAITING or (self.state is State.QUEUED and self.waits > 0)

    @property
    def message_id(self) -> str:
        """The OCPP message id of its CALL, within 36 characters: the same whenever that is ordered again.

        Another one on another connection, and after a refusal that it has waited out.
        """
        call = f"{self.station}/{self.tag}/{self.epoch}/{self.waits}"
        return blake2b(call.encode(), digest_size=16).hexdigest()

    @property
    def unanswered(self) -> bool:
        """Whether its connection still owes the answer to a CALL of this operation."""
        return self.state in (State.QUEUED, State.SENT) and self.epoch > 0 and not self.overdue

    @property
    def tag(self) -> str:
        """What its CALL's results come back with."""
        return f"{self.id}.{self.turn}" if self.turn else self.id

    def older_than(self, other: "Operation") -> bool:
        """Whether this one was asked first: requestIds grow, and begin again at 1 after 2**31 - 1."""
        return 0 < (other.request_id - self.request_id) % 2**31 < 2**30

    def event_id(self, step: str) -> str:
        """The id of the event that a step causes: the same whenever it is worked out."""
        return f"{self.station}/{self.id}/{step}"

    def event(self, step: str, at: float) -> OfCommand:
        """What the event begins with that a step causes; `at` is when, in seconds since 1970."""
        return {
            "id": self.event_id(step),
            "time": instant(at),
            "station": self.station,
            "command_id": self.id,
        }

    def asked(self, kind: type[C]) -> C:
        """The command itself, for as long as the operation has not ended."""
        command = read_command(bytes(self.command))
        if not isinstance(command, kind):
            raise TypeError(f"{self.name} is no {kind.__name__}")
        return command

    def asks_for(self, command: CommandModel) -> bool:
        """Whether that is this command, and not another one under its id."""
        return not self.ended and read_command(bytes(self.command)) == command

    def next_turn(self, details: Raw) -> "Operation":
        """The operation with its next CALL to be sent."""
        return replace(self, turn=self.turn + 1, state=State.QUEUED, overdue=False, details=details)


def read_tag(tag: str) -> tuple[str, int]:
    """Return the command id and the turn that a tag stands for."""
    command_id, _, turn = tag.partition(".")
    return command_id, int(turn or 0)


class MonitorsSeen(Struct, frozen=True):
    """What is now known of a station's monitors: the severity by id, None for one that is gone."""

    severities: Mapping[int, int | None] = field(default_factory=lambda: MappingProxyType({}))
    all_gone: bool = False


class Step(Struct, frozen=True):
    """An operation after some news, and the events that the change causes."""

    operation: Operation
    events: tuple[Told, ...] = ()
    supersedes: bool = False
    """The station has dropped its other uploads for this one."""

    asks: bool = False
    """Its CALL is to be sent, again if need be."""

    keep: Part | None = None
    """A part to lay beside the operation."""

    gather: "Callable[[Operation, tuple[Part, ...]], Step] | None" = None
    """Needs all the parts to say what becomes of the operation."""

    monitors: MonitorsSeen | None = None

    @property
    def final(self) -> CommandSettled | EndWritten | None:
        """The final event, if this step is the end."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, CommandSettled | EndWritten) else None

    def with_all(self, parts: tuple[Part, ...]) -> "Step":
        """Take the step that all the parts lead to, if it needs them."""
        if self.gather is None:
            return self
        last = self.gather(self.operation, parts)
        return Step(last.operation, (*self.events, *last.events), monitors=self.monitors)


class Ending(Struct, frozen=True):
    """How an operation ends, but for what it has brought."""

    outcome: Outcome
    at: float
    failure: Failure | None = None
    detail: str | None = None
    reason: str | None = None
    """The station's own words."""


def instant(at: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(at, UTC)


def settle(operation: Operation, ending: Ending, result: Result | ReportWritten | None = None) -> Step:
    """End an operation: its one final event. What was asked, which may be personal, is forgotten."""
    event = CommandSettled(
        **operation.event("settled", ending.at),
        command=operation.name,
        outcome=ending.outcome,
        failure=ending.failure,
        retry=ending.failure.retry if ending.failure else None,
        detail=ending.detail[:LONGEST_DETAIL] if ending.detail else None,
        reason=ending.reason[:LONGEST_DETAIL] if ending.reason else None,
        result=None if isinstance(result, ReportWritten) else result,
    )
    ended = replace(operation, state=State(ending.outcome.value), command=NOTHING, details=NOTHING)
    return Step(ended, (EndWritten(event, result) if isinstance(result, ReportWritten) else event,))
