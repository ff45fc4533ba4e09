"""A consumer settles every message, whichever way its handler ends and whatever happens to the queue or the way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import aio_pika
import pytest
from places import LIMIT, Place, until

from ocppdiag_amqp import Delivery, UnroutableError
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services


@pytest.fixture
async def place(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr("ocppdiag_amqp.consumer.PAUSE_AFTER_FAULT", 0.02)
    monkeypatch.setattr("ocppdiag_amqp.consumer.LONGEST_PAUSE", 0.1)
    monkeypatch.setattr("ocppdiag_amqp.consumer.GOODBYE_SECONDS", 1.0)
    async with Place.own(services) as place:
        yield place


async def test_a_handler_sees_the_message_and_what_it_has_handled_is_gone(place: Place) -> None:
    seen: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery)

    consumer = await place.consume(handler)
    await place.put(b"a", reply_to="me")
    await until(lambda: seen)
    await consumer.stop()
    await place.hang_up()
    (delivery,) = seen
    assert delivery == Delivery(
        body=b"a",
        reply_to="me",
        routing_key=place.queue.name,
        attempts=0,
        queue=place.queue.name,
        exchange=EVENTS.name,
        message_id=delivery.message_id,
        type=None,
        content_type="application/json",
        headers=delivery.headers,
    )
    assert await place.left() == []
    assert await place.left(place.dead) == []


async def test_a_message_that_fails_comes_again_up_to_its_limit_and_then_is_a_dead_letter(
    place: Place,
) -> None:
    seen: Counter[bytes] = Counter()

    async def handler(delivery: Delivery) -> None:
        seen[delivery.body] += 1
        if delivery.body == b"poison" or seen[delivery.body] == 1:
            raise ZeroDivisionError

    await place.consume(handler)
    await place.put(b"poison", b"recovers", b"poison")
    letters = await place.dead_letters()
    await until(lambda: seen[b"recovers"] == 2)
    while len(letters) < 2:
        letters += await place.dead_letters()
    assert letters == [b"poison", b"poison"]
    assert seen == {b"poison": 2 * (LIMIT + 1), b"recovers": 2}


async def test_a_handler_sees_how_often_a_message_was_tried_whatever_its_publisher_says(place: Place) -> None:
    seen: dict[bytes, list[int]] = {b"fails": [], b"forged": []}
    held = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        tries = seen[delivery.body]
        tries.append(delivery.attempts)
        if len(tries) == 1:
            raise ZeroDivisionError
        if len(tries) == 2:
            await held.wait()

    consumer = await place.consume(handler)
    exchange = await place.channel.get_exchange(EVENTS.name)
    await place.put(b"fails")
    forged = aio_pika.Message(b"forged", headers={"x-delivery-count": 99})
    await exchange.publish(forged, place.queue.name)
    await until(lambda: all(len(tries) == 2 for tries in seen.values()))
    place.wire.cut()  # a worker falls with both in its hands
    held.set()
    await until(lambda: all(len(tries) == 3 for tries in seen.values()))
    await consumer.stop()
    assert seen == {b"fails": [0, 1, 2], b"forged": [0, 1, 2]}


async def test_passing_trouble_is_waited_out_without_using_up_deliveries(place: Place) -> None:
    tried = 0
    others = []

    async def handler(delivery: Delivery) -> None:
        nonlocal tried
        if delivery.body == b"other":
            others.append(tried)
            return
        tried += 1
        if tried <= 3 * LIMIT:
            raise ConnectionRefusedError

    consumer = await place.consume(handler, passing=(OSError,))
    await place.put(b"a")
    await until(lambda: tried > LIMIT)
    await place.put(b"other")
    await until(lambda: tried > 3 * LIMIT)
    await consumer.stop()
    await place.hang_up()
    assert tried == 3 * LIMIT + 1
    assert others  # one that waits holds up nobody else
    assert await place.left() == []
    assert await place.left(place.dead) == []


async def test_stopping_gives_back_what_waits_for_trouble_to_pass(place: Place) -> None:
    tried = 0

    async def handler(_: Delivery) -> None:
        nonlocal tried
        tried += 1
        raise ConnectionRefusedError

    consumer = await place.consume(handler, passing=(OSError,))
    await place.put(b"a")
    await until(lambda: tried > 1)
    await asyncio.wait_for(consumer.stop(), 2)
    assert await place.left() == [b"a"]  # given back by us, not by the end of our connection


async def test_stopping_waits_for_what_runs_and_loses_nothing(place: Place) -> None:
    begun, handled = [], []

    async def handler(delivery: Delivery) -> None:
        begun.append(delivery.body)
        await asyncio.sleep(0.2)
        handled.append(delivery.body)

    bodies = [b"%d" % number for number in range(100)]
    await place.put(*bodies)
    consumer = await place.consume(handler, prefetch=7)
    await until(lambda: len(handled) >= 14)
    await consumer.stop()
    assert begun == handled
    count = len(handled)
    await place.hang_up()
    assert len(handled) == count < 100
    assert sorted(await place.left() + handled) == sorted(bodies)


async def test_a_consumer_comes_back_to_a_queue_that_was_deleted(place: Place) -> None:
    seen = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.body)

    await place.consume(handler)
    await place.put(b"before")
    await until(lambda: seen)
    await place.channel.queue_delete(place.queue.name)
    async with asyncio.timeout(15):
        while True:
            with suppress(UnroutableError):
                await place.put(b"after")
                break
            await asyncio.sleep(0.1)
    await until(lambda: b"after" in seen)


async def test_a_cut_takes_no_handler_with_it_and_the_message_comes_again(place: Place) -> None:
    seen: Counter[bytes] = Counter()
    ended: Counter[bytes] = Counter()
    go_on = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        seen[delivery.body] += 1
        await go_on.wait()
        ended[delivery.body] += 1

    await place.consume(handler)
    await place.put(b"under way")
    await until(lambda: seen)
    place.wire.cut(refuse=True)
    await asyncio.sleep(0.5)
    go_on.set()
    await until(lambda: ended[b"under way"] == 1)
    place.wire.mend()
    await until(lambda: ended[b"under way"] == 2)
    await place.put(b"later")
    await until(lambda: ended[b"later"] == 1)
    await place.hang_up()
    assert await place.left() == []


async def test_a_consumer_stops_while_the_broker_is_away_and_does_not_come_back_with_it(place: Place) -> None:
    seen = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.body)

    consumer = await place.consume(handler)
    await place.put(b"a")
    await until(lambda: seen)
    place.wire.cut(refuse=True)
    await asyncio.sleep(0.2)
    await asyncio.wait_for(consumer.delete_queue(), 4)
    place.wire.mend()
    await asyncio.sleep(3)
    await place.put(b"b")
    await place.hang_up()
    assert await place.left() == [b"b"]
