"""Keeps the leases of this node's stations, writes them again into an emptied Redis, and closes who has lost one."""

import asyncio

import structlog
from redis.exceptions import RedisError

from ocppdiag_gateway.clock import SteadyClock
from ocppdiag_gateway.session import DISPLACED, Session
from ocppdiag_gateway.switchboard import Switchboard
from ocppdiag_redis import Directory, Lease

log = structlog.get_logger()

REDIS_SECONDS = 5.0
"""How long after the time for a renewal Redis may answer."""

AT_ONCE = 100
"""Thousands begun in one turn would hold the event loop for a tenth of a second."""


class Leases:
    """Of all sessions on the switchboard."""

    def __init__(
        self, directory: Directory, switchboard: Switchboard, now: SteadyClock, renew_seconds: float
    ) -> None:
        self._directory = directory
        self._switchboard = switchboard
        self._now = now
        self._renew_seconds = renew_seconds
        self._answered = now()

    @property
    def missing(self) -> str | None:
        """Say in a sentence that Redis has not answered when it was last due."""
        if self._now() - self._answered <= self._renew_seconds + REDIS_SECONDS:
            return None
        return "Redis cannot be used: the leases of stations are not renewed."

    async def renew_for_ever(self) -> None:
        """Renew all of them every few seconds."""
        while True:
            await asyncio.sleep(self._renew_seconds)
            try:
                await self._renew()
            except (RedisError, OSError) as error:
                log.warning("renewal_failed", error=str(error))
            except Exception:  # every lease hangs on this loop
                log.exception("renewal_failed")

    async def release(self, lease: Lease) -> None:
        """Give one back."""
        try:
            await self._directory.release(lease)
        except (RedisError, OSError):
            log.debug("lease_left_to_expire", station=lease.station)

    async def _renew(self) -> None:
        """Renew what can be, for in a cluster one server may be away; raises the first error."""
        sessions = list(self._switchboard)
        failures: list[BaseException] = []
        if not sessions:
            await self._directory.ping()
        for begin in range(0, len(sessions), AT_ONCE):
            failures += await self._renew_some(sessions[begin : begin + AT_ONCE])
        if failures:
            raise failures[0]
        self._answered = self._now()

    async def _renew_some(self, sessions: list[Session]) -> list[BaseException]:
        outcomes = await asyncio.gather(
            *(self._directory.renew(session.lease) for session in sessions), return_exceptions=True
        )
        for session, kept in zip(sessions, outcomes, strict=True):
            if kept is False:
                session.close(DISPLACED, "a newer connection of this station, or it was revoked")
        return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
