"""How many operations are open, and how late the latest of them is: asked of Redis when somebody looks."""

import asyncio

from redis.exceptions import RedisError

from ocppdiag_redis import Pipelined, Script, keys
from ocppdiag_workers import metrics

LOOK_SECONDS = 1.0
"""Whoever looks at the metrics does not wait longer for Redis, and does without."""

_LOOK = Script("""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {redis.call('ZCARD', KEYS[1]), tostring(first and now - first or 0)}
""")


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
                count, late = await self._redis.script(_LOOK, [keys.DEADLINES])
        except (RedisError, OSError, TimeoutError):
            return
        self._open = {(): float(count)}
        self._overdue = {(): max(0.0, float(late))}
