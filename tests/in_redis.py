"""What the tests of the rooms in Redis share: a client, a station of their own, and what is kept of it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from ocppdiag_local.services import Services
from ocppdiag_redis import Credentials, Directory, Pipelined

KEY = b"k" * 32


@pytest.fixture
async def redis(services: Services) -> AsyncIterator[Pipelined]:
    redis = Pipelined.from_url(services.redis_url)
    yield redis
    await redis.aclose()


@pytest.fixture
def station() -> str:
    return f"T-{uuid4().hex[:12]}"


@pytest.fixture
def directory(redis: Pipelined) -> Directory:
    return Directory(redis)


@pytest.fixture
def credentials(redis: Pipelined) -> Credentials:
    return Credentials(redis, KEY)


async def used(credentials: Credentials, station: str, password: str) -> bytes | None:
    """What the password matches, as a gateway asks."""
    return credentials.matches(await credentials.find(station), station, password.encode())
