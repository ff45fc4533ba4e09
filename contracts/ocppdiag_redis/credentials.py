"""Station passwords: random, given out once, and kept as a keyed hash that is cheap to check in a reconnect storm."""

import hmac
import secrets
from hashlib import sha256

from ocppdiag_redis import keys
from ocppdiag_redis.pipelined import Pipelined

PASSWORD_BYTES = 24
"""As 32 characters: within the 16 to 40 that OCPP 2.0.1 allows (A00.FR.205)."""


class Credentials:
    """The passwords in Redis. Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    def __init__(self, redis: Pipelined, key: bytes) -> None:
        self._redis = redis
        self._key = key

    async def issue(self, station: str) -> str:
        """Make a new password for the station, replacing the old one, and return it: it is not kept."""
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        await self._redis.run("SET", keys.credential(station), self._hash(station, password.encode()))
        return password

    async def match(self, station: str, password: bytes) -> bool:
        """Check a password in the same time whether or not the station exists."""
        kept = await self._redis.run("GET", keys.credential(station))
        return hmac.compare_digest(self._hash(station, password), kept or b"")

    def _hash(self, station: str, password: bytes) -> bytes:
        return hmac.digest(self._key, station.encode() + b"\0" + password, sha256)
