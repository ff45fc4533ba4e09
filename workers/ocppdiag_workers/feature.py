"""The shape that one thing OCPP can do fills in: a command to carry out, calls of stations to hear, or both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Raw, Struct

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Event
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers.news import News, OperationNews
from ocppdiag_workers.operation import Ending, Operation, Step, settle
from ocppdiag_workers.written import Told


@dataclass(frozen=True, slots=True)
class House:
    """What an operator has set and features need to know."""

    upload_url: str = "http://127.0.0.1:9001"
    """Where stations reach the upload receiver, with no slash at the end."""

    upload_key: bytes = b""
    max_upload_bytes: int = 2**30
    heartbeat_interval: int = 300
    """Seconds."""

    call_timeout: float = 30.0
    """Seconds that a station has to answer (OCPP leaves it open; its guidance is to start with 30)."""

    destinations: tuple[str, ...] = ()
    """Where commands may have logs sent to instead of us: the beginnings of addresses, user and password left out."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The CALL of an operation's turn."""

    action: str
    request: OcppModel


@dataclass(frozen=True, slots=True)
class Withdraw:
    """No CALL, but the wish to take back that of another command."""

    command_id: str


@dataclass(frozen=True, slots=True)
class ListOpen:
    """No CALL, but the wish to know what is open for the station."""


class NotAskableError(Exception):
    """The operation ends before the station is asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def nothing() -> tuple[Told, ...]:
    """No events."""
    return ()


class Inform(Struct, frozen=True):
    """News for one operation, found by the tag of its CALL or by its request (family and requestId)."""

    news: News
    tag: str | None = None
    request: tuple[str, int] | None = None
    family: str | None = None
    """News for every open operation of this family instead, of which none has a number."""

    assumed: str | None = None
    """Where the request is nobody's: news for the one open operation of this family, if there is just one."""

    unclaimed: Callable[[], tuple[Told, ...]] = nothing
    """Told when no operation takes the news: made only then."""

    @property
    def named(self) -> tuple[str, int] | None:
        """The request (family and requestId) by which to find its operation, or whether there is one of its family."""
        return (self.family, 0) if self.family else self.request


class Severities(Struct, frozen=True):
    """Events that wait for what is known of monitors: their ids, and the events once severities are looked up."""

    monitors: tuple[int, ...]
    events: Callable[[Mapping[int, int]], tuple[Event, ...]]


class Heard(Struct, frozen=True):
    """What a station's CALL means."""

    answer: Raw
    """Its payload, as written."""

    events: tuple[Told, ...] = ()
    """Told in any case."""

    informs: tuple[Inform, ...] = ()
    severities: Severities | None = None
    forgets_monitors: bool = False
    """The ids of the station's monitors may be others from now on."""

    accepts: bool = False
    """The answer lets the station in: once it has that, it may be asked."""


Hear = Callable[[link.Called, House, float], Heard]
"""The CALL, the house, and the present. Raises ocppdiag_ocpp.receive.UnreadableError when the payload is not its message."""


@dataclass(frozen=True, slots=True)
class Work:
    """How a command is carried out."""

    command: type[CommandModel]
    ask: Callable[[Operation, House], Ask | Withdraw | ListOpen]
    """The CALL of the operation's turn.

    Raises ocppdiag_ocpp.profile.UnknownActionError when the station's version has no such request, NotAskableError.
    """

    learn: Callable[[Operation, OperationNews], Step]
    """What news does to an operation that has not ended."""

    end: Callable[[Operation, Ending], Step] = settle
    """How it ends early, with what it has brought so far."""

    family: str | None = None
    """Whose requests are found together: those that one kind of notification answers to. None: none does."""

    numbered: bool = False
    """Whether the request has a requestId of its own."""

    details: bytes = b"null"
    """What an operation of this kind remembers at its beginning, as JSON."""

    harmless: Callable[[Operation], bool] = lambda _: False
    """Whether the CALL of this turn may reach the station a second time, when its connection went before the answer."""

    asks_station: bool = True
    """Whether it is carried out by CALLs at all."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing OCPP can do, in all versions."""

    work: Work | None = None
    hears: Mapping[str, Hear] = field(default_factory=lambda: MappingProxyType({}))
    """By action."""
