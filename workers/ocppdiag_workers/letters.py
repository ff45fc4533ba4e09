"""Events as they are written once, to be published now or later: what lies in Redis is never read as an event again."""

from collections.abc import Iterable

from msgspec import Raw, Struct

from ocppdiag_contracts import cloud_events, trace_context
from ocppdiag_contracts.events import Event
from ocppdiag_workers.written import EndWritten, PartWritten, Told

NOTHING = Raw(b"null")


class Letter(Struct, frozen=True):
    """One event: `shown` as everybody may hear it, `own` for who has asked where that is more."""

    id: str
    event: str
    station: str
    at: float
    headers: dict[str, str]
    shown: Raw
    own: Raw = NOTHING  # msgspec reads no `Raw | None`

    @property
    def whole(self) -> Raw | None:
        """The event for who has asked, where that is more than everybody may hear."""
        return None if bytes(self.own) == bytes(NOTHING) else self.own


def letter(told: Told, trace: str | None = None) -> Letter:
    """Write one event; `trace` is the `traceparent` of its command."""
    event, write = (told.event, told.write) if isinstance(told, PartWritten | EndWritten) else (told, _write)
    shown = event.for_all()
    return Letter(
        id=event.id,
        event=event.event,
        station=event.station,
        at=event.time.timestamp(),
        headers=cloud_events.headers(event, cloud_events.WORKERS) | trace_context.headers(trace),
        shown=write(shown),
        own=NOTHING if shown is event else write(event),
    )


def _write(event: Event) -> Raw:
    return Raw(event.model_dump_json().encode())


def letters(events: Iterable[Told], trace: str | None = None) -> tuple[Letter, ...]:
    """Write several."""
    return tuple(letter(each, trace) for each in events)
