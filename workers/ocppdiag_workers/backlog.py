"""How many operations are open, and how late the latest of them is: asked of Redis when somebody looks."""

import asyncio
import time

from redis.exceptions import RedisError

from ocppdiag_redis import Pipelined, keys
from ocppdiag_workers import metrics

LOOK_SECONDS = 1.0
"""Whoever looks at the metrics does not wait longer for Redis, and does without."""


class Backlog:
    """What Redis said last."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis
        self._open: dict[tuple[str, ...], float] = {}
        self._overdue: dict[tuple[str, ...], float] = {}
        metrics.OPEN.set_function(lambda: self._open)
        metrics.OVERDUE.set_function(lambda: self._overdue)

    async def look(self) -> None:
        """Ask; where there is no answer, nothing is known."""
        self._open, self._overdue = {}, {}
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                count, first = await self._redis.run_all(
                    [("ZCARD", keys.DEADLINES), ("ZRANGE", keys.DEADLINES, 0, 0, "WITHSCORES")]
                )
        except (RedisError, OSError, TimeoutError):
            return
        self._open = {(): float(count)}
        due = float(first[-1]) if first else time.time()
        self._overdue = {(): max(0.0, time.time() - due)}
