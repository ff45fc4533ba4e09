"""What may happen to an operation, each as a value. `at` is when, in seconds since 1970.

News of a CALL says which of the operation's CALLs (`turn`) on which connection (`epoch`; 0 is ours, of none).
"""

from typing import Any

from msgspec import Struct

from ocppdiag_contracts.events import CustomerInformationPartReceived, LogFile, OpenCommand
from ocppdiag_workers.parts import Part
from ocppdiag_workers.written import PartWritten


class Sent(Struct, frozen=True):
    """The CALL is on the socket; `stamp` (epoch, sequence) puts that among what the station says."""

    at: float
    turn: int = 0
    stamp: tuple[int, int] = (0, 0)

    @property
    def epoch(self) -> int:
        """Of its connection."""
        return self.stamp[0]


class Refused(Struct, frozen=True):
    """The CALL was not sent, and will not be."""

    at: float
    reason: str
    turn: int = 0
    epoch: int = 0


class Answered(Struct, frozen=True):
    """The station's CALLRESULT."""

    at: float
    payload: bytes
    turn: int = 0
    epoch: int = 0


class Errored(Struct, frozen=True):
    """The station's CALLERROR."""

    at: float
    code: str
    description: str
    turn: int = 0
    epoch: int = 0


class TimedOut(Struct, frozen=True):
    """No answer in time. The station may have begun: what it sends later still counts."""

    at: float
    turn: int = 0
    epoch: int = 0


class Lost(Struct, frozen=True):
    """The connection went before the answer."""

    at: float
    turn: int = 0
    epoch: int = 0


class Back(Struct, frozen=True):
    """The station is there, has booted, and may be asked on this connection."""

    at: float
    node: str
    epoch: int
    version: str


class Withdrawn(Struct, frozen=True):
    """Somebody takes a command back that waits for its station; `by` is the command that says so."""

    at: float
    by: str


class Listed(Struct, frozen=True):
    """What a command that asks no station has found: the open commands of its station."""

    at: float
    commands: tuple[OpenCommand, ...]


class Woke(Struct, frozen=True):
    """A time that the operation wanted to look at has come."""

    at: float


class LogStatus(Struct, frozen=True):
    """The station's LogStatusNotification; `stamp` (epoch, sequence) puts them in order."""

    at: float
    stamp: tuple[int, int]
    status: str
    request_id: int | None = None
    violations: tuple[str, ...] = ()
    payload: dict[str, Any] | None = None
    """As sent, when it broke its schema."""


PartReceived = CustomerInformationPartReceived | PartWritten
"""One part of a report, of either kind."""


class PartCame(Struct, frozen=True):
    """One part of a report. `known` is the part that came first under its number, which memory looks up."""

    at: float
    stamp: tuple[int, int]
    part: Part
    event: PartReceived
    """To be told when the part is a new one, with the command's id in it."""

    known: Part | None = None
    repeated: bool = False
    """The very same part was here before."""


class LogArriving(Struct, frozen=True):
    """So many bytes of the log are here."""

    at: float
    bytes: int
    total: int | None


class LogBroken(Struct, frozen=True):
    """An upload ended early."""

    at: float
    bytes: int
    reason: str


class LogStored(Struct, frozen=True):
    """The log is in the store."""

    at: float
    file: LogFile


class Superseded(Struct, frozen=True):
    """The station has accepted another upload in place of this one."""

    at: float


CallNews = Sent | Refused | Answered | Errored | TimedOut | Lost
"""What the CALL of a turn may meet."""

WaitNews = Back | Withdrawn
"""What may happen to an operation that waits for its station."""

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
