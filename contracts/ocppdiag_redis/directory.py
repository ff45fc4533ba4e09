"""The station directory: who holds each station's connection, as a lease with an epoch that only ever grows.

A lease is a hint; the broker is the proof (a message to a dead node comes back).
"""

import asyncio
from dataclasses import dataclass

from ocppdiag_redis import keys
from ocppdiag_redis.origin import Origin
from ocppdiag_redis.pipelined import Pipelined, Script

LEASE_MS = 90_000

MOST_TAKEOVERS = 20
"""How many are told apart: so many within a minute are enough to know."""

# The epoch survives an empty Redis because it follows the server's clock, and a clock that steps back because it
# follows the last epoch.
_EPOCH = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('HGET', KEYS[2], 'epoch') or '0')
local epoch = string.format('%.0f', math.max(now, last + 1))
"""

_ACQUIRE = Script(
    _EPOCH
    + """
local held = redis.call('HMGET', KEYS[1], 'node', 'epoch')
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'connection', ARGV[2], 'version', ARGV[3], 'epoch', epoch)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('HSET', KEYS[2], 'epoch', epoch, 'version', ARGV[3])
if not held[1] then return {epoch} end
local takeovers = {string.format('%.0f', now)}
for at in string.gmatch(redis.call('HGET', KEYS[2], 'takeovers') or '', '%d+') do
  if #takeovers < tonumber(ARGV[5]) and math.abs(now - at) < 60000000 then table.insert(takeovers, at) end
end
redis.call('HSET', KEYS[2], 'takeovers', table.concat(takeovers, ' '))
return {epoch, held[1], held[2], #takeovers}
"""
)

_EXPEL = Script(
    _EPOCH
    + """
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then redis.call('HSET', KEYS[2], 'epoch', epoch) end
"""
)

# A lease that is gone (an emptied Redis) is written again by whoever still holds the connection, unless a newer
# connection was there since.
_RENEW = Script("""
local held = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
local last = tonumber(redis.call('HGET', KEYS[2], 'epoch') or '0')
if math.max(held, last) > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'connection', ARGV[2], 'version', ARGV[3], 'epoch', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if last < tonumber(ARGV[4]) then redis.call('HSET', KEYS[2], 'epoch', ARGV[4], 'version', ARGV[3]) end
return 1
""")

_RELEASE = Script("""
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")


REBUILT_SECONDS = 15.0
"""After this every gateway has written its leases into an emptied Redis."""

BOOTED_US = 5_000_000
"""A station that was let in before, and says nothing of a boot for so long, has only reconnected."""

SILENT_US = 30_000_000
"""A station that was never let in, as far as is known here, and yet stays: we may have forgotten."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One connection of one station."""

    station: str
    node: str
    connection: str
    version: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Older:
    """The connection that a new one has taken over from."""

    node: str
    epoch: int
    takeovers: int
    """How many there were within the last minute by the server's clock, this one included; at most 20."""


class Directory:
    """Leases in Redis. Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    def __init__(self, redis: Pipelined) -> None:
        self._redis = redis

    async def ping(self) -> None:
        """Return when Redis answers."""
        await self._redis.run("PING")

    async def acquire(
        self, station: str, node: str, connection: str, version: str
    ) -> tuple[Lease, Older | None]:
        """Take the station: the newest authenticated connection wins, and learns whom it displaces."""
        arguments = (node, connection, version, LEASE_MS, MOST_TAKEOVERS)
        epoch, *held = await self._redis.script(_ACQUIRE, self._keys(station), *arguments)
        older = Older(held[0].decode(), int(held[1]), held[2]) if held else None
        return Lease(station, node, connection, version, int(epoch)), older

    async def renew(self, lease: Lease) -> bool:
        """Keep the lease for another 90 s; False when a newer connection has it, or had it."""
        arguments = (lease.node, lease.connection, lease.version, str(lease.epoch), LEASE_MS)
        return bool(await self._redis.script(_RENEW, self._keys(lease.station), *arguments))

    async def release(self, lease: Lease) -> None:
        """Give the lease back, unless a newer connection has it."""
        await self._redis.script(_RELEASE, [keys.lease(lease.station)], str(lease.epoch))

    async def expel(self, station: str) -> None:
        """Have a standing connection lose its lease: its gateway finds that at its next renewal, and closes it."""
        await self._redis.script(_EXPEL, self._keys(station))

    async def find(self, station: str) -> Lease | None:
        """Return the lease that stands now."""
        held = await self._redis.run("HMGET", keys.lease(station), "node", "connection", "version", "epoch")
        if held[0] is None:
            return None
        node, connection, version, epoch = (item.decode() for item in held)
        return Lease(station, node, connection, version, int(epoch))

    async def accept(self, station: str, epoch: int) -> None:
        """Remember that the station was let in on this connection (OCPP B01)."""
        await self._redis.run("HSET", keys.station(station), "accepted", str(epoch))

    async def ready(self, station: str) -> Lease | None:
        """Return the lease that stands now, if the station has booted and may be asked."""
        held, accepted, time = await asyncio.gather(
            self.find(station),
            self._redis.run("HGET", keys.station(station), "accepted"),
            self._redis.run("TIME"),
        )
        if held is None or (accepted is not None and int(accepted) == held.epoch):
            return held
        age = int(time[0]) * 1_000_000 + int(time[1]) - held.epoch  # an epoch is the moment of its beginning
        return held if age > (BOOTED_US if accepted else SILENT_US) else None

    async def rebuilt(self) -> bool:
        """Whether a station that is not here is not connected: an emptied Redis is told anew within 15 s."""
        return await Origin(self._redis).age() > REBUILT_SECONDS

    async def knows(self, station: str) -> bool:
        """Whether the station is registered or was ever connected."""
        return bool(await self._redis.run("EXISTS", keys.station(station), keys.credential(station)))

    @staticmethod
    def _keys(station: str) -> list[str]:
        return [keys.lease(station), keys.station(station)]
