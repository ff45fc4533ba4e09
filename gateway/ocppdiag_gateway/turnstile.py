"""How often somebody may try to come in, by address and by station, and how often wrongly; bounded in memory. Pure."""

from collections import OrderedDict
from http import HTTPStatus
from math import ceil

from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.allowance import Allowance

BURST_SECONDS = 3.0
"""Who was quiet may do so many seconds' worth at once."""

KEYS = 20_000
"""The most that one table remembers; what is longest untouched is forgotten, which is to its good. 8 MB when full."""

WRONG_TRIES = 5
WRONG_SECONDS = 60.0
LATER_SECONDS = 10.0
"""What an overcrowded gateway asks for: longer than the moment, so that not everybody is back in it."""

Key = tuple[str, ...]


class Allowances:
    """An allowance for each key: within t seconds none does more than `burst + per_second * t`."""

    def __init__(self, burst: float, per_second: float, keys: int = KEYS) -> None:
        self._burst = burst
        self._per_second = per_second
        self._keys = keys
        self._kept: OrderedDict[Key, Allowance] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def spend(self, key: Key, now: float) -> bool:
        """Take one of this key's, and tell whether there was one."""
        allowance = self._kept.get(key) or Allowance(self._burst, self._per_second)
        self._kept[key] = allowance
        self._kept.move_to_end(key)
        if len(self._kept) > self._keys:
            self._kept.popitem(last=False)
        return allowance.spend(now)


class WrongTries:
    """Counts for each key what was wrong within a minute of the first time; with the fifth it is locked until then."""

    def __init__(self, keys: int = KEYS) -> None:
        self._keys = keys
        self._counted: OrderedDict[Key, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counted)

    def add(self, key: Key, now: float) -> bool:
        """Count one; True when it is the one that locks."""
        count, since = self._counted.get(key, (0, now))
        if now - since >= WRONG_SECONDS:
            count, since = 0, now
        self._counted[key] = (count + 1, since)
        self._counted.move_to_end(key)
        if len(self._counted) > self._keys:
            self._counted.popitem(last=False)
        return count + 1 == WRONG_TRIES

    def locked(self, key: Key, now: float) -> float:
        """Return the seconds until something may be tried again."""
        count, since = self._counted.get(key, (0, now))
        return max(0.0, since + WRONG_SECONDS - now) if count >= WRONG_TRIES else 0.0


class Turnstile:
    """Each method lets through, or raises RefusedError (503 or 429, with the time to come again).

    What is kept for a station is kept for each address by itself: who floods or guesses under its name elsewhere does
    not keep it out. Rates are per second.
    """

    def __init__(self, *, everybody: float, address: float, station: float) -> None:
        self._everybody = Allowance(_burst(everybody), everybody)
        self._addresses = Allowances(_burst(address), address)
        self._stations = Allowances(_burst(station), station)
        self._station_seconds = 1 / station
        self._wrong = WrongTries()

    def come(self, network: str, now: float) -> None:
        """Somebody has come from there."""
        if not self._addresses.spend((network,), now):
            raise _later("too many from this address", LATER_SECONDS)

    def name(self, network: str, station: str, now: float) -> None:
        """They say that they are this station."""
        key = (network, station)
        if seconds := self._wrong.locked(key, now):
            raise _later("too many wrong passwords", seconds, HTTPStatus.TOO_MANY_REQUESTS)
        if not self._stations.spend(key, now):
            raise _later("too many of this station from this address", self._station_seconds)

    def ask(self, now: float) -> None:
        """Redis is asked about them next, which costs more than all before."""
        if not self._everybody.spend(now):
            raise _later("too many at this gateway", LATER_SECONDS)

    def wrong(self, network: str, station: str, now: float) -> bool:
        """They were not the station; True when that was their last try for a while."""
        return self._wrong.add((network, station), now)


def _burst(per_second: float) -> float:
    return max(1.0, per_second * BURST_SECONDS)


def _later(why: str, seconds: float, status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> RefusedError:
    return RefusedError(status, "Come again later.", why=why, retry_after=ceil(seconds))
