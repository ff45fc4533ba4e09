"""Tells the workers what looks like an attack on a station: once a minute for each station and each kind of it."""

import asyncio

from ocppdiag_contracts.link import Suspected
from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_gateway.clock import SteadyClock
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.turnstile import Allowances

PER_SECOND = 1 / 60


class Suspicions:
    """Of one gateway."""

    def __init__(self, uplink: Link, node: str, now: SteadyClock) -> None:
        self._link = uplink
        self._node = node
        self._now = now
        self._told = Allowances(1, PER_SECOND)

    def tell(self, station: str, suspicion: Suspicion, detail: str) -> None:
        """Say it, unless it was said within the last minute; `detail` is for people, and has no secret in it."""
        if not self._told.spend((station, suspicion), asyncio.get_running_loop().time()):
            return
        record = Suspected(station=station, node=self._node, at=self._now(), reason=suspicion, detail=detail)
        self._link.deliver(record)
