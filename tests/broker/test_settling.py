"""How RabbitMQ and aio-pika treat messages that are given back, which our consumer relies on; in their own words."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aio_pika.abc import AbstractIncomingMessage
from places import LIMIT, Place, until

from ocppdiag_amqp import Delivery
from ocppdiag_local.services import Services


@pytest.fixture
async def place(services: Services) -> AsyncIterator[Place]:
    async with Place.own(services) as place:
        yield place


async def given_back(place: Place, how: str, times: int) -> int:
    """Take a message and give it back so often; returns how often the broker then says that it was tried."""
    await place.put(b"a")
    queue = await place.channel.get_queue(place.queue.name)
    for _ in range(times):
        message = await next_of(place)
        if how == "reject":
            await message.reject(requeue=True)
        else:
            await message.nack(requeue=True)
    last = await next_of(place)
    await last.ack()
    assert await queue.get(fail=False) is None
    count = last.headers.get("x-delivery-count", 0)
    assert isinstance(count, int)
    return count


async def next_of(place: Place) -> AbstractIncomingMessage:
    queue = await place.channel.get_queue(place.queue.name)
    async with asyncio.timeout(10):
        while (message := await queue.get(fail=False)) is None:  # noqa: ASYNC110 (the broker tells nobody)
            await asyncio.sleep(0.02)
    return message


def version(place: Place) -> tuple[int, ...]:
    """The broker's own word."""
    assert place.connection.transport
    properties = place.connection.transport.connection.server_properties
    return tuple(int(number) for number in str(properties["version"]).split(".")[:2])


async def test_reject_counts_toward_the_delivery_limit(place: Place) -> None:
    assert await given_back(place, "reject", LIMIT) == LIMIT


async def test_one_reject_more_than_the_limit_makes_a_dead_letter(place: Place) -> None:
    await place.put(b"a")
    for _ in range(LIMIT + 1):
        await (await next_of(place)).reject(requeue=True)
    assert await place.dead_letters() == [b"a"]


async def test_nack_counts_too_before_rabbitmq_4_3_and_not_from_then_on(place: Place) -> None:
    assert await given_back(place, "nack", LIMIT) == (LIMIT if version(place) < (4, 3) else 0)


async def test_a_handler_cancelled_inside_aio_pikas_own_process_loses_its_message_and_one_of_ours_keeps_it(
    place: Place,
) -> None:
    begun = asyncio.Event()

    async def theirs(message: AbstractIncomingMessage) -> None:
        async with message.process():
            begun.set()
            await asyncio.sleep(60)

    async def ours(_: Delivery) -> None:
        begun.set()
        await asyncio.sleep(60)

    await place.put(b"theirs")
    task = asyncio.create_task(theirs(await next_of(place)))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await place.dead_letters() == [b"theirs"]

    begun.clear()
    consumer = await place.consume(ours)
    await place.put(b"ours")
    await begun.wait()
    for running in consumer._running:
        running.cancel()
    begun.clear()
    await asyncio.wait_for(begun.wait(), 10)  # it has come again
    await place.hang_up()
    assert await place.left() == [b"ours"]
    assert await place.left(place.dead) == []


async def test_callbacks_run_side_by_side_so_what_must_keep_its_order_travels_in_one_message(
    place: Place,
) -> None:
    ended = []
    second = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        first, *_ = delivery.body.split(b",")
        if first == b"1":
            await second.wait()
        ended.extend(delivery.body.split(b","))
        if first == b"3":
            second.set()

    await place.consume(handler)
    await place.put(b"1,2")
    await place.put(b"3,4")
    await until(lambda: len(ended) == 4)
    assert ended == [b"3", b"4", b"1", b"2"]
