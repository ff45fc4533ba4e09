"""So many of a thing at once, and so many a second: a bucket of tokens. Pure."""


class Allowance:
    """Filled to `burst` at first and by `rate` a second; `now` is in seconds and never steps back."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, burst: float, rate: float) -> None:
        self._burst = self._left = burst
        self._rate = rate
        self._at = 0.0

    def spend(self, now: float) -> bool:
        """Take one, and tell whether there was one."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def charge(self, amount: float, now: float) -> float:
        """Take so many, there or not, and return for how many seconds no more should be taken."""
        self._fill(now)
        self._left -= amount
        return max(0.0, -self._left / self._rate)

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
