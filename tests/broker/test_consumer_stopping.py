"""A consumer that is told to stop: what it has not done is given back, soon, and whatever the broker is up to."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from places import Place, until
from structlog.testing import capture_logs

from ocppdiag_amqp import Delivery
from ocppdiag_local.services import Services


@pytest.fixture
async def place(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr("ocppdiag_amqp.consumer.GOODBYE_SECONDS", 1.0)
    monkeypatch.setattr("ocppdiag_amqp.consumer.FINISH_SECONDS", 0.5)
    async with Place.own(services) as place:
        yield place


async def test_handlers_that_do_not_end_are_cut_short_and_counted_and_their_messages_given_back(
    place: Place,
) -> None:
    begun, ended = [], []

    async def handler(delivery: Delivery) -> None:
        begun.append(delivery.body)
        if delivery.body != b"quick":
            await asyncio.sleep(60)
        ended.append(delivery.body)

    with capture_logs() as said:
        consumer = await place.consume(handler)
        await place.put(b"slow", b"quick", b"slow")
        await until(lambda: len(begun) == 3)
        await asyncio.wait_for(consumer.stop(), 3)
    assert await place.left() == [b"slow", b"slow"]  # by us, not by the end of our connection
    assert ended == [b"quick"]
    assert [line["count"] for line in said if line["event"] == "handlers_cut_short"] == [2]


@pytest.mark.parametrize("trouble", ["frozen", "away"])
async def test_a_consumer_stops_in_time_without_a_broker_and_nothing_is_lost(
    place: Place, trouble: str
) -> None:
    begun = []

    async def handler(delivery: Delivery) -> None:
        begun.append(delivery.body)
        await asyncio.sleep(60)

    consumer = await place.consume(handler)
    await place.put(b"a", b"b")
    await until(lambda: len(begun) == 2)
    if trouble == "frozen":
        place.wire.flowing.clear()
    else:
        place.wire.cut(refuse=True)
    started = time.monotonic()
    await consumer.stop()
    await place.hang_up()
    assert time.monotonic() - started < 1 + 0.5 + 1 + 3 + 1
    place.wire.cut(refuse=True)
    place.wire.flowing.set()
    async with asyncio.timeout(10):
        found: list[bytes] = []
        while len(found) < 2:
            found += await place.left()
            await asyncio.sleep(0.05)
    assert sorted(found) == [b"a", b"b"]
