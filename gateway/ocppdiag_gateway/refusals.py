"""Says who was refused and why: one by one while there are few, as a count when they flood."""

import asyncio
from collections import Counter

import structlog

from ocppdiag_gateway.admission import RefusedError, station_of
from ocppdiag_gateway.allowance import Allowance

log = structlog.get_logger()

LINES_PER_SECOND = 10.0
LINES_AT_ONCE = 50.0
COUNT_SECONDS = 1.0


class Refusals:
    """Writes at most ten lines a second, and one with the number of all the others."""

    def __init__(self) -> None:
        self._lines = Allowance(LINES_AT_ONCE, LINES_PER_SECOND)
        self._uncounted: Counter[str] = Counter()

    def tell(self, refusal: RefusedError, address: str, path: str) -> None:
        """Say it, or count it; nothing of what was sent as a password or a certificate is in it."""
        loop = asyncio.get_running_loop()
        if self._lines.spend(loop.time()):
            log.info(
                "upgrade_refused",
                status=refusal.status.value,
                reason=refusal.why,
                address=address,
                station=_station(path),
            )
            return
        if not self._uncounted:
            loop.call_later(COUNT_SECONDS, self._tell_rest)
        self._uncounted[str(refusal.status.value)] += 1

    def _tell_rest(self) -> None:
        log.info("upgrades_refused", by_status=dict(self._uncounted))
        self._uncounted.clear()


def _station(path: str) -> str | None:
    try:
        return station_of(path)
    except RefusedError:
        return None
