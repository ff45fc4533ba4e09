"""What may happen to an operation, each as a value. `at` is when, in seconds since 1970."""

from dataclasses import dataclass

from ocppdiag_contracts.events import LogFile


@dataclass(frozen=True, slots=True)
class Sent:
    """The CALL is on the socket."""

    at: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The CALL was not sent, and will not be."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The station's CALLRESULT."""

    at: float
    payload: bytes


@dataclass(frozen=True, slots=True)
class Errored:
    """The station's CALLERROR."""

    at: float
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer in time. The station may have begun: what it sends later still counts."""

    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection went before the answer."""

    at: float


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


CallNews = Sent | Refused | Errored | TimedOut | Lost
"""What every command's CALL may meet."""

OperationNews = Answered | Woke | LogStatus | LogArriving | LogBroken | LogStored | Superseded
"""What means something else to every command."""

News = CallNews | OperationNews
