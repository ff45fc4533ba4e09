"""How many operations are open, how old the oldest is and how late the latest: asked of Redis when somebody looks."""

import asyncio
from functools import partial

from redis.exceptions import RedisError

from ocppdiag_metrics import Gauge
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

_GAUGES = (metrics.OPEN, metrics.OVERDUE, metrics.OLDEST)
"""In the order in which the script tells them."""


class Backlog:
    """What Redis said last."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis
        self._said: dict[Gauge, float] = {}
        for gauge in _GAUGES:
            gauge.set_function(partial(self._of, gauge))

    async def look(self) -> None:
        """Ask; where there is no answer, nothing is known."""
        self._said = {}
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self._redis.script(_LOOK, [keys.DEADLINES, keys.BEGUN])
        except (RedisError, OSError, TimeoutError):
            return
        self._said = dict(zip(_GAUGES, map(float, found), strict=True))

    def _of(self, gauge: Gauge) -> dict[tuple[str, ...], float]:
        return {(): self._said[gauge]} if gauge in self._said else {}
