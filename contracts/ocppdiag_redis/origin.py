"""Since when what is in this Redis is complete: one that was emptied, or fell and lost its last second, begins anew."""

import asyncio
import time
from hashlib import sha1

from redis.exceptions import NoPermissionError

from ocppdiag_redis import keys
from ocppdiag_redis.pipelined import Pipelined, Script

KNOWN_SECONDS = 5.0

_SINCE = Script("""
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
if redis.call('HGET', KEYS[1], 'store') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'store', ARGV[1], 'since', now)
end
return {redis.call('HGET', KEYS[1], 'since'), now}
""")


class Origin:
    """Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis
        self._store = ""
        self._known: tuple[int, float] = (0, 0.0)
        """On which of our connections that was found out, and until when it is not asked again."""

    async def store(self) -> str:
        """Return which Redis this is: another after a failover or a restart, which may have lost what came last.

        It may also be another where nothing was lost (a first replica came). A cluster is another as soon as one of its
        primaries is. Empty where we may not ask, or are not told: then it is taken for always the same. It is asked once
        for each connection, and every few seconds: to ask costs Redis as much as to write ten operations.
        """
        connections, until = self._known
        if connections != self._redis.connections or time.monotonic() >= until:
            connections = self._redis.connections  # before, because one may go while it is asked on another
            self._store = await self._ask_store()
            self._known = (connections, time.monotonic() + KNOWN_SECONDS)
        return self._store

    async def _ask_store(self) -> str:
        try:
            servers = await self._redis.servers()
            found = await asyncio.gather(*(server.run("INFO", "replication") for server in servers))
        except NoPermissionError:
            return ""
        marks = sorted(str(each.get("master_replid", "")) for each in found)
        return marks[0] if len(marks) == 1 else sha1("".join(marks).encode()).hexdigest()  # noqa: S324 (no secret)

    async def since(self) -> float:
        """Return since when it has kept everything, by its own clock: seconds since 1970."""
        since, _ = await self._ask()
        return since

    async def age(self) -> float:
        """Return for how many seconds it has kept everything."""
        since, now = await self._ask()
        return now - since

    async def _ask(self) -> tuple[float, float]:
        since, now = await self._redis.script(_SINCE, [keys.ORIGIN], await self.store())
        return int(since) / 1e6, int(now) / 1e6
