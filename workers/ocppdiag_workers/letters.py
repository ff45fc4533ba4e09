"""Events as they are written once, to be published now or later: what lies in Redis is never read as an event again."""

from collections.abc import Iterable

from msgspec import Raw, Struct

from ocppdiag_contracts import cloud_events
from ocppdiag_contracts.events import Event

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


def letter(event: Event) -> Letter:
    """Write one event."""
    shown = event.for_all()
    text = Raw(shown.model_dump_json().encode())
    return Letter(
        id=event.id,
        event=event.event,
        station=event.station,
        at=event.time.timestamp(),
        headers=cloud_events.headers(event, cloud_events.WORKERS),
        shown=text,
        own=NOTHING if shown is event else Raw(event.model_dump_json().encode()),
    )


def letters(events: Iterable[Event]) -> tuple[Letter, ...]:
    """Write several."""
    return tuple(map(letter, events))
