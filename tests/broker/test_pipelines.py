"""Pipelines on a real Redis: whose reply is whose, and what becomes of them when the server forgets, goes or hangs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from private import provide
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from store import Server
from wire import Wire

from ocppdiag_redis import Pipelined, Script, ScriptCall, line
from ocppdiag_redis.line import AT_ONCE, Line

COUNT = Script("return redis.call('INCR', KEYS[1])")
FAIL_AT = Script(
    "if redis.call('INCR', KEYS[1]) == 3 then return redis.error_reply('ERR the third') end return 1"
)
HANGS_SECONDS = 0.3


@pytest.fixture
def key() -> str:
    return f"test:{uuid4().hex}"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A Redis that may be hurt."""
    await asyncio.to_thread(provide)
    server = Server(tmp_path)
    await server.start()
    yield server
    server.thaw()
    await server.stop()


@pytest.fixture
async def own(server: Server) -> AsyncIterator[Pipelined]:
    redis = Pipelined.from_url(server.url)
    yield redis
    await redis.aclose()


async def echoed(redis: Pipelined, first: int, many: int) -> list[int]:
    return [int(reply) for reply in await redis.run_all([("ECHO", first + index) for index in range(many)])]


async def _ends(*asked: Awaitable[Any]) -> list[Any]:
    """What each of those who ask together gets, errors too."""
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize(
    "groups", [[1] * (AT_ONCE * 3), [AT_ONCE * 2 + 1], [AT_ONCE, 1, AT_ONCE - 1, 2, 700, 1, 3]]
)
async def test_each_group_has_its_own_replies_in_their_order_however_many_there_are(
    redis: Pipelined, groups: list[int]
) -> None:
    starts = [1000 * number for number in range(len(groups))]
    told = await asyncio.gather(
        *(echoed(redis, start, many) for start, many in zip(starts, groups, strict=True))
    )
    assert told == [list(range(start, start + many)) for start, many in zip(starts, groups, strict=True)]


async def test_who_no_longer_waits_takes_nobodys_reply(redis: Pipelined) -> None:
    several = [asyncio.create_task(echoed(redis, 1000 * number, 3)) for number in range(5)]
    await asyncio.sleep(0)
    several[0].cancel()
    several[3].cancel()
    told = await asyncio.gather(*several, return_exceptions=True)
    assert [told[number] for number in (1, 2, 4)] == [
        [1000, 1001, 1002],
        [2000, 2001, 2002],
        [4000, 4001, 4002],
    ]


async def test_an_error_in_the_middle_is_its_own_groups_and_what_is_behind_it_has_run(
    redis: Pipelined, key: str
) -> None:
    before, bad, behind = await _ends(
        echoed(redis, 0, 3),
        redis.run_all([("SET", key, "text"), ("LPUSH", key, "item"), ("APPEND", key, ", longer")]),
        echoed(redis, 7, 3),
    )
    assert (before, behind) == ([0, 1, 2], [7, 8, 9])
    assert isinstance(bad, ResponseError)
    assert await redis.run("GET", key) == b"text, longer"
    await redis.run("DEL", key)


async def test_a_script_that_fails_once_of_several_times_has_run_the_others(
    redis: Pipelined, key: str
) -> None:
    with pytest.raises(ResponseError, match="the third"):
        await redis.scripts([ScriptCall(FAIL_AT, (key,), ())] * 5)
    assert await redis.run("GET", key) == b"5"
    await redis.run("DEL", key)


async def test_scripts_forgotten_in_the_middle_run_once_each_and_each_has_its_own_reply(
    own: Pipelined,
) -> None:
    several = [ScriptCall(COUNT, (f"key-{number}",), ()) for number in range(4)]
    assert await own.scripts(several) == [1, 1, 1, 1]
    before, _, behind, other = await asyncio.gather(
        own.scripts(several),
        own.run("SCRIPT", "FLUSH"),
        own.scripts([several[0], ScriptCall(COUNT, ("key-new",), ()), several[2]]),
        echoed(own, 5, 2),
    )
    assert (before, behind, other) == ([2, 2, 2, 2], [3, 1, 3], [5, 6])
    assert await own.scripts(several) == [4, 3, 4, 3], "known by its hash again"


async def test_what_no_redis_could_read_is_its_callers_error_and_nobody_waits_for_ever(
    own: Pipelined,
) -> None:
    nothing: Any = object()
    async with asyncio.timeout(5):
        other, wrong, behind = await _ends(echoed(own, 1, 2), own.run("ECHO", nothing), echoed(own, 3, 2))
    assert isinstance(wrong, TypeError)
    assert (other, behind) == ([1, 2], [3, 4])


@pytest.mark.parametrize("retries", [0, 2])
async def test_a_connection_that_goes_in_the_middle_is_tried_again_as_often_as_its_client_says_and_then_raises(
    server: Server, retries: int
) -> None:
    async with Wire(server.url) as wire:
        redis = Pipelined(Line(Redis.from_url(wire.url, retry=Retry(NoBackoff(), retries))))
        assert await echoed(redis, 0, 1) == [0]
        seen: set[str] = set()

        async def cut() -> None:
            """Cut each connection once the server has begun with what came on it."""
            while True:
                for client in await server.ask("CLIENT LIST"):
                    if client["cmd"] == "blpop" and client["id"] not in seen:
                        seen.add(client["id"])
                        wire.cut()
                await asyncio.sleep(0.01)

        cutting = asyncio.create_task(cut())
        with pytest.raises(RedisConnectionError):
            await asyncio.wait_for(redis.run_all([("ECHO", 1), ("BLPOP", "nothing", 20), ("ECHO", 2)]), 20)
        cutting.cancel()
        await asyncio.wait({cutting})
        assert len(seen) == retries + 1
        assert await echoed(redis, 7, 3) == [7, 8, 9]
        await redis.aclose()


async def test_a_connection_that_goes_once_is_not_noticed_by_who_may_try_again(server: Server) -> None:
    async with Wire(server.url) as wire:
        redis = Pipelined(Line(Redis.from_url(wire.url, retry=Retry(NoBackoff(), 1))))
        assert await echoed(redis, 0, 1) == [0]
        wire.answering.clear()
        asking = asyncio.create_task(echoed(redis, 1, 300))
        await asyncio.sleep(0.1)
        wire.cut()
        wire.answering.set()
        assert await asyncio.wait_for(asking, 10) == list(range(1, 301))
        await redis.aclose()


async def test_a_redis_that_hangs_raises_in_time_and_its_late_replies_are_nobodys(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "ANSWER_SECONDS", HANGS_SECONDS)
    redis = Pipelined.from_url(server.url)
    assert await echoed(redis, 0, 1) == [0]
    server.freeze()
    began = time.monotonic()
    first, second = await asyncio.gather(echoed(redis, 1, 5), echoed(redis, 10, 5), return_exceptions=True)
    assert isinstance(first, RedisTimeoutError)
    assert isinstance(second, RedisTimeoutError)
    assert HANGS_SECONDS <= time.monotonic() - began < 20 * HANGS_SECONDS
    server.thaw()
    assert await echoed(redis, 100, 5) == [100, 101, 102, 103, 104]
    await redis.aclose()
