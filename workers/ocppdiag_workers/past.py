"""What was read of the journal: what a further reading goes on from, as long as there is room for it. Pure."""

from collections.abc import Set as AbstractSet

from ocppdiag_workers.unbegun import BEGINNING, ENDS

ROOM_BYTES = 64 * 2**20
"""Some 50 000 commands that have ended."""

ENTRY_BYTES = 300
"""What Python takes for an id and its place in a dict."""


class Past:
    """The beginnings and ends from a time on, as far as they have been read."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.wanted: AbstractSet[str] = frozenset()
        """What is asked for by now: kept even when there is no room."""
        self._found: dict[str, bytes] = {}
        self._room = ROOM_BYTES

    @property
    def whole(self) -> bool:
        """Whether all of it is here; else it answers those only who have asked before it was read."""
        return self._room >= 0

    def take(self, message_id: str, body: bytes) -> None:
        """Keep what the journal has next: the body of an end, and of a beginning that it was."""
        step = message_id.rpartition("/")[2]
        if step not in ENDS and step != BEGINNING:
            return
        kept = b"" if step == BEGINNING else body
        self._room -= len(kept) + ENTRY_BYTES
        if self.whole or message_id in self.wanted:
            self._found[message_id] = kept

    def of(self, ids: AbstractSet[str]) -> dict[str, bytes]:
        """Return which of these there are, with their bodies."""
        return {each: self._found[each] for each in ids & self._found.keys()}
