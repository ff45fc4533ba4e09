"""The clock of a gateway: it never steps back."""

import time


class SteadyClock:
    """Seconds since 1970 as of the start, then in monotonic steps: a wall clock set back does not reach us."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Return the present."""
        return time.monotonic() + self._offset
