"""Stations of one fleet, more of them or fewer, that call at a rate that is the same for all of them together."""

import asyncio
import gc
import time
from collections import Counter
from itertools import cycle

import cost
from answering import Answering, Crowd
from asking import Asker
from calling import DRAIN_SECONDS, open_logs, status
from ground import Fleet
from stretch import Meter, Stretch

from ocppdiag_redis import keys

SETTLE_SECONDS = 60.0
RESTING = 0.03
"""Seconds of processor time in a second, of workers that have nothing to do."""

SOON_SECONDS, LATER_SECONDS = 120, 7000


class Growing:
    """Each has an open GetLog, on which it has reported once."""

    def __init__(self, running: Fleet, asker: Asker) -> None:
        self._running = running
        self._asker = asker
        self._crowds: list[Crowd] = []
        self._gone: list[Crowd] = []
        self._calls: dict[Answering, bytes] = {}

    async def have(self, many: int) -> None:
        """Have so many connected: new ones come, or those go that have come together last."""
        while len(self._calls) > many:
            crowd = self._crowds.pop()
            crowd.close()
            for station in crowd.stations.values():
                del self._calls[station]
            self._gone.append(crowd)
        if missing := many - len(self._calls):
            await self._more(missing)
            await self._put_off_alarms()
        gc.collect()
        gc.freeze()
        await self._settle()

    async def call(self, rate: float, seconds: float) -> Stretch:
        """Have them call in turns, so many times a second, each call when it is due or when its station is free.

        Raises RuntimeError when none is answered.
        """
        turns = cycle(list(self._calls.items()))
        answered, made = self._answered, 0
        meter = Meter(self._running)
        while (passed := time.perf_counter() - meter.began) < seconds:
            while made < passed * rate:
                station, what = next(turns)
                station.begin(iter([what]))
                made += 1
            await asyncio.sleep(made / rate - passed)
        for crowd in self._crowds:
            await crowd.rest(DRAIN_SECONDS)
        if self._answered == answered:
            raise RuntimeError(f"no CALL was answered: {dict(self.errors)}")
        return meter.stretch(self._answered - answered, max(crowd.answered_at for crowd in self._crowds))

    async def be_silent(self, seconds: float) -> Stretch:
        """Have nobody call: `done` is none."""
        meter = Meter(self._running)
        await asyncio.sleep(seconds)
        return meter.stretch(0, time.perf_counter())

    @property
    def errors(self) -> Counter[str]:
        """Of all that have ever been here."""
        return sum((crowd.errors for crowd in (*self._crowds, *self._gone)), Counter(self._asker.errors))

    @property
    def _answered(self) -> int:
        return sum(crowd.answered for crowd in self._crowds)

    async def _more(self, many: int) -> None:
        crowd = Crowd()
        known = await self._running.stations(f"CS-{len(self._crowds)}", many)
        await crowd.connect(known, self._running.urls)
        self._crowds.append(crowd)
        logs = await open_logs(self._asker, crowd)
        for name, station in crowd.stations.items():
            self._calls[station] = status(b"Uploading", logs[name])
            station.begin(iter([self._calls[station]]))
        await crowd.rest(DRAIN_SECONDS)

    async def _put_off_alarms(self) -> None:
        """A minute after its CALL a command is looked at again: that is a part of what it costs, and of no CALL here."""
        at = time.time()
        redis = self._running.redis
        soon = await redis.run("ZRANGE", keys.DEADLINES, "-inf", at + SOON_SECONDS, "BYSCORE")
        await asyncio.gather(
            *(redis.run("ZADD", keys.DEADLINES, "XX", at + LATER_SECONDS, member) for member in soon)
        )

    async def _settle(self) -> None:
        """Wait until the workers are through with those that came or went. Raises TimeoutError."""
        async with asyncio.timeout(SETTLE_SECONDS):
            busy = True
            while busy:
                used = self._used
                await asyncio.sleep(1)
                busy = self._used - used > RESTING

    @property
    def _used(self) -> float:
        return sum(cost.cpu_seconds(worker.pid) for worker in self._running.workers)
