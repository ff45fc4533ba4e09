"""How many operations are open, how old the oldest is and how late the latest: asked of Redis when somebody looks."""

import asyncio

from redis.exceptions import RedisError

from ocppdiag_redis import Pipelined, Script, keys
from ocppdiag_workers import metrics

LOOK_SECONDS = 1.0
"""Whoever looks at the metrics does not wait longer for Redis, and does without."""

_LOOK = Script("""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local function since_first(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  return tostring(first and math.max(0, now - first) or 0)
end
return {redis.call('ZCARD', KEYS[1]), since_first(KEYS[1]), since_first(KEYS[2])}
""")


class Backlog:
    """What Redis said last."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis
        self._open: dict[tuple[str, ...], float] = {}
        self._overdue: dict[tuple[str, ...], float] = {}
        self._oldest: dict[tuple[str, ...], float] = {}
        metrics.OPEN.set_function(lambda: self._open)
        metrics.OVERDUE.set_function(lambda: self._overdue)
        metrics.OLDEST.set_function(lambda: self._oldest)

    async def look(self) -> None:
        """Ask; where there is no answer, nothing is known."""
        self._open, self._overdue, self._oldest = {}, {}, {}
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                count, late, age = await self._redis.script(_LOOK, [keys.DEADLINES, keys.BEGUN])
        except (RedisError, OSError, TimeoutError):
            return
        self._open = {(): float(count)}
        self._overdue = {(): float(late)}
        self._oldest = {(): float(age)}
