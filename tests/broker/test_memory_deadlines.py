"""When operations are woken, in a real Redis: each once, and again when nobody has seen to it."""

import asyncio
import time
from collections import Counter

import pytest

from ocppdiag_local.services import Services
from ocppdiag_redis import Pipelined, keys
from ocppdiag_workers.memory import CLAIM_SECONDS, Memory

EVERY_REDIS = True


@pytest.fixture
def memory(redis: Pipelined) -> Memory:
    return Memory(redis)


async def test_what_is_due_is_claimed_once_among_many_and_again_when_nobody_settled_it(
    services: Services, redis: Pipelined, memory: Memory, station: str
) -> None:
    members = {(station, f"c-{number}") for number in range(20)}
    for place, (_, command_id) in enumerate(members):
        await memory.wake_later(station, command_id, -1e9 - place)  # before whatever else lies there
    await memory.wake_later(station, "later", time.time() + 60)
    clients = [Pipelined.from_url(services.redis_url) for _ in range(8)]
    claims = await asyncio.gather(*(Memory(client).claim_due() for client in clients))
    await asyncio.gather(*(client.aclose() for client in clients))
    ours = [member for _, due in claims for member in due if member[0] == station]
    assert Counter(ours) == dict.fromkeys(members, 1)
    now = claims[0][0]
    assert abs(now - time.time()) < 60
    again_at = float(await redis.run("ZSCORE", keys.DEADLINES, f'["{station}","c-3"]'))
    assert abs(again_at - now - CLAIM_SECONDS) < 5
    await memory.wake_later(station, "c-3", 1)
    for _, command_id in members - {(station, "c-3")}:
        await memory.wake_never(station, command_id)
    await memory.wake_never(station, "later")
    _, due = await memory.claim_due()
    assert [member for member in due if member[0] == station] == [(station, "c-3")]
    await memory.wake_never(station, "c-3")
    assert await redis.run("ZSCORE", keys.DEADLINES, f'["{station}","c-3"]') is None


@pytest.mark.parametrize("member", [b"nobody", b'["CS-1"]', b'["CS-1","\xff"]', b"[" * 5000])
async def test_what_nobody_of_ours_put_among_the_deadlines_is_taken_out_and_holds_up_nobody(
    redis: Pipelined, memory: Memory, station: str, member: bytes
) -> None:
    await redis.run("ZADD", keys.DEADLINES, -2e9, member)
    await memory.wake_later(station, "c-1", -1e9)
    try:
        _, due = await memory.claim_due()
        assert (station, "c-1") in due
        assert await redis.run("ZSCORE", keys.DEADLINES, member) is None
    finally:
        await redis.run("ZREM", keys.DEADLINES, member)
        await memory.wake_never(station, "c-1")
