"""What one sender may cost the others: uploads at a time, how slow each may be, and lines in the log. Pure."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PER_STATION = 4
"""A station that has lost its connection is back before we know: more than one, and no more than it can need."""


class CrowdedError(Exception):
    """No more at the moment."""


class Crowd:
    """Counts who is inside: nobody is without an address that we made, so stations are told apart by its word."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: Counter[str] = Counter()

    def full_for(self, station: str) -> bool:
        """Whether one more of this station would be too many."""
        return self._of.total() >= self._most or self._of[station] >= PER_STATION

    @contextmanager
    def one_more(self, station: str) -> Iterator[None]:
        """Be inside for so long.

        Raises:
            CrowdedError: that is one too many.

        """
        if self.full_for(station):
            raise CrowdedError
        self._of[station] += 1
        try:
            yield
        finally:
            self._of.subtract((station,))
            self._of = +self._of  # forgets who is not there any more


@dataclass(frozen=True, slots=True)
class Patience:
    """What a sender may be silent at a time, and what it may be late on the whole, at so many bytes a second."""

    idle_seconds: float
    rate: int

    def left(self, size: int, elapsed: float) -> float:
        """Seconds in which something has to come from who has sent so many bytes in so many seconds."""
        return min(self.idle_seconds, self.idle_seconds + size / self.rate - elapsed)


class Strangers:
    """Counts who comes without an address of ours, to be told once a second: they may come in any number."""

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._untold = 0

    def told(self, now: float) -> int:
        """One more has come: how many there were since it was told last, or 0 when that was just now."""
        self._untold += 1
        if now < self._told_at + 1:
            return 0
        count, self._untold, self._told_at = self._untold, 0, now
        return count
