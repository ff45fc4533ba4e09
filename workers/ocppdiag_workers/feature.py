"""The shape that one thing OCPP can do fills in: a command to carry out, calls of stations to hear, or both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Event
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers.news import News, OperationNews
from ocppdiag_workers.operation import Operation, Step


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


@dataclass(frozen=True, slots=True)
class Ask:
    """The CALL that begins an operation."""

    action: str
    request: OcppModel


@dataclass(frozen=True, slots=True)
class Heard:
    """What a station's CALL means."""

    answer: OcppModel
    events: tuple[Event, ...] = ()
    """Told in any case."""

    request: tuple[str, int] | None = None
    """The family and requestId of the operation that the news is for."""

    news: News | None = None
    unclaimed: tuple[Event, ...] = ()
    """Told when no operation takes the news."""


Hear = Callable[[link.Called, House, float], Heard]
"""The CALL, the house, and the present. Raises ocppdiag_ocpp.receive.UnreadableError when the payload is not its message."""


@dataclass(frozen=True, slots=True)
class Work:
    """How a command is carried out."""

    command: type[CommandModel]
    family: str
    """Whose requestIds are counted together: those that one kind of notification answers to."""

    details: bytes
    """What an operation of this kind remembers at its beginning, as JSON."""

    ask: Callable[[Operation, House], Ask]
    """Raises ocppdiag_ocpp.profile.UnknownActionError when the station's version has no such request."""

    learn: Callable[[Operation, OperationNews], Step]
    """What news does to an operation that has not ended."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing OCPP can do, in all versions."""

    work: Work | None = None
    hears: Mapping[str, Hear] = field(default_factory=lambda: MappingProxyType({}))
    """By action."""
