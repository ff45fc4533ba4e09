"""What may happen to an operation, each as a value. `at` is when, in seconds since 1970.

News of a CALL says which of the operation's CALLs (`turn`) on which connection (`epoch`; 0 is ours, of none).
"""

from dataclasses import dataclass
from typing import Any

from ocppdiag_contracts.events import LogFile, OpenCommand, PartReceived
from ocppdiag_workers.parts import Part


@dataclass(frozen=True, slots=True)
class Sent:
    """The CALL is on the socket; `stamp` (epoch, sequence) puts that among what the station says."""

    at: float
    turn: int = 0
    stamp: tuple[int, int] = (0, 0)

    @property
    def epoch(self) -> int:
        """Of its connection."""
        return self.stamp[0]


@dataclass(frozen=True, slots=True)
class Refused:
    """The CALL was not sent, and will not be."""

    at: float
    reason: str
    turn: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """The station's CALLRESULT."""

    at: float
    payload: bytes
    turn: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Errored:
    """The station's CALLERROR."""

    at: float
    code: str
    description: str
    turn: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer in time. The station may have begun: what it sends later still counts."""

    at: float
    turn: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection went before the answer."""

    at: float
    turn: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """The station is there, has booted, and may be asked on this connection."""

    at: float
    node: str
    epoch: int
    version: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Somebody takes a command back that waits for its station; `by` is the command that says so."""

    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What a command that asks no station has found: the open commands of its station."""

    at: float
    commands: tuple[OpenCommand, ...]


@dataclass(frozen=True, slots=True)
class Woke:
    """A time that the operation wanted to look at has come."""

    at: float


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The station's LogStatusNotification; `stamp` (epoch, sequence) puts them in order."""

    at: float
    stamp: tuple[int, int]
    status: str
    request_id: int | None = None
    violations: tuple[str, ...] = ()
    payload: dict[str, Any] | None = None
    """As sent, when it broke its schema."""


@dataclass(frozen=True, slots=True)
class PartCame:
    """One part of a report. `known` is the part that came first under its number, which memory looks up."""

    at: float
    stamp: tuple[int, int]
    part: Part
    event: PartReceived
    """To be told when the part is a new one, with the command's id in it."""

    known: Part | None = None
    repeated: bool = False
    """The very same part was here before."""


@dataclass(frozen=True, slots=True)
class LogArriving:
    """So many bytes of the log are here."""

    at: float
    bytes: int
    total: int | None


@dataclass(frozen=True, slots=True)
class LogBroken:
    """An upload ended early."""

    at: float
    bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class LogStored:
    """The log is in the store."""

    at: float
    file: LogFile


@dataclass(frozen=True, slots=True)
class Superseded:
    """The station has accepted another upload in place of this one."""

    at: float


CallNews = Sent | Refused | Answered | Errored | TimedOut | Lost
"""What the CALL of a turn may meet."""

WaitNews = Back | Withdrawn
"""What may happen to an operation that waits for its station."""

StationNews = LogStatus | PartCame
"""What the station says by itself, stamped."""

OperationNews = (
    Answered
    | Errored
    | TimedOut
    | Woke
    | LogStatus
    | PartCame
    | LogArriving
    | LogBroken
    | LogStored
    | Superseded
    | Listed
)
"""What means something else to every command."""

News = CallNews | WaitNews | OperationNews
