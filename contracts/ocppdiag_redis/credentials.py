"""What lets a station in: its security profile and its passwords, kept as keyed hashes, cheap to check in a storm."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_redis import keys
from ocppdiag_redis.pipelined import Pipelined, Script

PASSWORD_BYTES = 24
"""As 32 characters: within the 16 to 40 that OCPP 2.0.1 allows (A00.FR.205)."""

NO_HASH = b""
"""What `settle` is told of a station that has come with a certificate."""

_NEVER = bytes(sha256().digest_size)
"""Compared with in place of a hash that is not there, so that this takes no less time; it lets nobody in."""

_NOW = """
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
"""

_CLAIM = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
""")

_REGISTER = Script(
    _NOW
    + """
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'profile', ARGV[1], 'hash', ARGV[2], 'serial', ARGV[3], 'since', now)
"""
)

_ROTATE = Script(
    _NOW
    + """
local hash = redis.call('HGET', KEYS[1], 'hash')
if hash and hash ~= '' then redis.call('HSET', KEYS[1], 'next', ARGV[1], 'since', now) end
return hash
"""
)

# Writes only where the password is still the next one: not after a revocation, nor after another rotation.
_SETTLE = Script("""
local hash, following = unpack(redis.call('HMGET', KEYS[1], 'hash', 'next'))
if following == ARGV[1] then
  redis.call('HSET', KEYS[1], 'hash', following)
  redis.call('HDEL', KEYS[1], 'next')
  return 1
end
return hash == ARGV[1] and 1 or 0
""")

_GIVE_BACK = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class RegistrationError(Exception):
    """The registration cannot be changed so: the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How a station may come in."""

    station: str
    profile: SecurityProfile
    hashes: tuple[bytes, ...]
    """Of the password, and of the next one while it is being rotated; none in profile 3."""

    serial: str
    """The common name that the station's certificate must have in profile 3 (A00.FR.405)."""

    since: datetime
    """When its newest password was made; without a password, when it was registered."""

    @property
    def rotating(self) -> bool:
        """Whether there is a next password that the station has not used yet."""
        return len(self.hashes) > 1


class Credentials:
    """The registrations in Redis. Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    def __init__(self, redis: Pipelined, key: bytes) -> None:
        self._redis = redis
        self._key = key

    async def issue(
        self, station: str, profile: SecurityProfile = SecurityProfile.BASIC, serial: str = ""
    ) -> str:
        """Register a station, in place of what it was before, and return its new password: it is not kept.

        In profile 3 the password is empty, and none lets the station in; `serial` is the identity unless given.

        Raises:
            RegistrationError: a station is registered whose identity differs only in case.

        """
        if profile is SecurityProfile.NONE:
            raise ValueError("who needs no password is not registered")
        owner = (await self._redis.script(_CLAIM, [keys.spelling(station)], station)).decode()
        if owner != station:
            raise RegistrationError(f"{owner} is registered, which differs from {station} only in case")
        password = "" if profile is SecurityProfile.TLS_CERTIFICATE else secrets.token_urlsafe(PASSWORD_BYTES)
        kept = self._hash(station, password.encode()) if password else NO_HASH
        arguments = (int(profile), kept, serial or station)
        await self._redis.script(_REGISTER, [keys.credential(station)], *arguments)
        return password

    async def rotate(self, station: str) -> str:
        """Make a next password and return it: from its first use on it is the only one (OCPP A01).

        Raises:
            RegistrationError: the station is not registered, or has no password.

        """
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        following = self._hash(station, password.encode())
        replaced = await self._redis.script(_ROTATE, [keys.credential(station)], following)
        if replaced is None:
            raise RegistrationError(f"{station} is not registered")
        if replaced == NO_HASH:
            raise RegistrationError(f"{station} has a certificate (profile 3), and no password to rotate")
        return password

    async def revoke(self, station: str) -> bool:
        """Let the station in no more; False when it was not registered. A standing connection is the directory's."""
        revoked, _ = await asyncio.gather(
            self._redis.run("DEL", keys.credential(station)),
            self._redis.script(_GIVE_BACK, [keys.spelling(station)], station),
        )
        return bool(revoked)

    async def find(self, station: str) -> Registration | None:
        """Return how a station may come in; None when it is not registered. One round trip."""
        kept = await self._redis.run(
            "HMGET", keys.credential(station), "profile", "hash", "next", "serial", "since"
        )
        if kept[0] is None:
            return None
        profile, current, following, serial, since = kept
        return Registration(
            station,
            SecurityProfile(int(profile)),
            tuple(one for one in (current, following) if one),
            serial.decode(),
            datetime.fromtimestamp(int(since) / 1e6, UTC),
        )

    def matches(self, registration: Registration | None, station: str, password: bytes) -> bytes | None:
        """Return the hash of the password if it opens the station; the work is the same for one that is unknown."""
        given = self._hash(station, password)
        hashes = registration.hashes if registration else ()
        current, following = (*hashes, _NEVER, _NEVER)[:2]
        equal = hmac.compare_digest(given, current), hmac.compare_digest(given, following)
        return given if any(equal) else None

    async def settle(self, station: str, used: bytes = NO_HASH) -> bool:
        """Note that the station has come in with the password of this hash: a next one becomes the only one.

        False when that password does not count any more. Asked after the lease is taken, this leaves no gap: a
        revocation comes before it, and is seen here, or after it, and then it also takes the lease.
        """
        return bool(await self._redis.script(_SETTLE, [keys.credential(station)], used))

    async def all(self) -> AsyncIterator[Registration]:
        """Walk all registrations in no order; those that come or go meanwhile may be missing."""
        seen: set[str] = set()  # a walk through Redis may meet a key twice
        for server in await self._redis.servers():
            cursor: bytes | int = 0
            while True:
                cursor, found = await server.run(
                    "SCAN", cursor, "MATCH", keys.credential("*"), "COUNT", 1000, "TYPE", "hash"
                )
                stations = {keys.station_of(key.decode()) for key in found} - seen
                seen |= stations
                for registration in await asyncio.gather(*map(self.find, stations)):
                    if registration:
                        yield registration
                if not int(cursor):
                    break

    def _hash(self, station: str, password: bytes) -> bytes:
        return hmac.digest(self._key, station.encode() + b"\0" + password, sha256)
