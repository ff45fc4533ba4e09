"""Decisions of several messages that are taken as one batch: in order for each station, and none pays for another's fault."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisGoneError

from ocppdiag_workers.decide import Decision
from ocppdiag_workers.gathering import AT_ONCE, Gathering
from ocppdiag_workers.together import Taken

BAD = "bad"


class Taker:
    """Takes whatever it is given, but for what comes of a bad station."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def take(self, decisions: Sequence[Decision]) -> list[Taken | None]:
        await asyncio.sleep(0)
        if any(each.station == BAD for each in decisions):
            raise ValueError(BAD)
        self.batches.append([each.station for each in decisions])
        return [Taken(each) for each in decisions]


def message(*stations: str) -> list[Decision]:
    return [Decision(station) for station in stations]


async def test_what_comes_while_a_batch_is_taken_is_the_next_batch() -> None:
    taker = Taker()
    gathering = Gathering(taker.take)
    messages = [message("a", "b"), message("c"), message("d")]
    first = asyncio.create_task(gathering.take(messages[0]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = await asyncio.gather(gathering.take(messages[1]), gathering.take(messages[2]))
    assert [await first, *others] == [[Taken(each) for each in one] for one in messages]
    assert taker.batches == [["a", "b"], ["c", "d"]]


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), max_size=12))
async def test_no_batch_has_a_station_twice_and_each_stations_messages_keep_their_order(
    messages: list[set[str]],
) -> None:
    batches: list[list[Decision]] = []

    async def take(decisions: Sequence[Decision]) -> list[Taken | None]:
        await asyncio.sleep(0)
        batches.append([*decisions])
        return [Taken(each) for each in decisions]

    gathering = Gathering(take)
    asked = [[Decision(station, connects=number) for station in one] for number, one in enumerate(messages)]
    taken = await asyncio.gather(*map(gathering.take, asked))
    assert taken == [[Taken(each) for each in one] for one in asked]
    assert all(len({each.station for each in batch}) == len(batch) for batch in batches)
    for station in "abcdef":
        numbers = [each.connects for batch in batches for each in batch if each.station == station]
        assert numbers == [number for number, one in enumerate(messages) if station in one]


async def test_a_message_at_fault_fails_alone() -> None:
    taker = Taker()
    gathering = Gathering(taker.take)
    good, bad, other = await asyncio.gather(
        gathering.take(message("a")),
        gathering.take(message(BAD)),
        gathering.take(message("b")),
        return_exceptions=True,
    )
    assert good == [Taken(Decision("a"))]
    assert isinstance(bad, ValueError)
    assert other == [Taken(Decision("b"))]


async def test_trouble_that_passes_is_met_once_by_all_and_not_by_one_after_the_other() -> None:
    met: list[int] = []

    async def take(decisions: Sequence[Decision]) -> list[Taken | None]:
        met.append(len(decisions))
        await asyncio.sleep(0)
        raise RedisGoneError("gone")

    gathering = Gathering(take)
    errors = await asyncio.gather(
        *(gathering.take(message(station)) for station in "abc"), return_exceptions=True
    )
    assert [type(error) for error in errors] == [RedisGoneError] * 3
    assert met == [3]


async def test_a_batch_has_an_end_and_a_message_is_never_divided() -> None:
    taker = Taker()
    gathering = Gathering(taker.take)
    many = [f"s{number}" for number in range(AT_ONCE + 1)]
    await asyncio.gather(
        gathering.take(message("a")), gathering.take(message(*many)), gathering.take(message("b"))
    )
    assert taker.batches == [["a"], many, ["b"]]


async def test_who_is_cancelled_takes_nothing_from_the_others() -> None:
    taker = Taker()
    gathering = Gathering(taker.take)
    gone = asyncio.create_task(gathering.take(message("a")))
    stays = asyncio.create_task(gathering.take(message("b")))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == [Taken(Decision("b"))]
    assert await gathering.take(message("a")) == [Taken(Decision("a"))]


async def test_nobody_waits_for_ever_when_the_process_ends() -> None:
    async def take(_: Sequence[Decision]) -> list[Taken | None]:
        await asyncio.sleep(0)
        raise asyncio.CancelledError

    gathering = Gathering(take)
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await asyncio.gather(gathering.take(message("a")), gathering.take(message("a")))
