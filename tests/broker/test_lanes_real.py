"""Group commit over the real publisher: everything once, in order, in few messages."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import uuid4

import aio_pika
import msgspec
import pytest

from ocppdiag_amqp import Broker, Lanes, Publisher, UnroutableError
from ocppdiag_contracts.link import split
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services

TASKS = 50
EACH = 100
KEYS = 5


@pytest.fixture
async def lanes(services: Services) -> AsyncIterator[Lanes]:
    async with Broker(services.amqp_url, name="test") as broker:
        await broker.declare_exchanges()
        publisher = await Publisher.open(broker)
        yield Lanes(lambda key, body: publisher.publish(EVENTS, key, body))


async def test_many_tasks_share_few_messages_and_every_record_arrives_once_and_in_order(
    services: Services, lanes: Lanes
) -> None:
    keys = [f"test.{uuid4().hex}" for _ in range(KEYS)]
    put: defaultdict[str, list[int]] = defaultdict(list)

    async def one(task: int) -> None:
        key = keys[task % KEYS]
        for number in range(EACH):
            record = task * EACH + number
            put[key].append(record)
            confirmed = lanes.put(key, msgspec.json.encode(record))
            if number % 10 == 0:
                await confirmed
        await confirmed

    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel()
        queues = {key: await channel.declare_queue(exclusive=True) for key in keys}
        for key, queue in queues.items():
            await queue.bind(EVENTS.name, key)
        await asyncio.gather(*(one(task) for task in range(TASKS)))
        await lanes.drained()
        messages = 0
        for key, queue in queues.items():
            arrived: list[int] = []
            while message := await queue.get(no_ack=True, fail=False):
                messages += 1
                arrived += [msgspec.json.decode(raw, type=int) for raw in split(message.body)]
            assert arrived == put[key]
    assert sum(map(len, put.values())) == TASKS * EACH
    assert messages <= TASKS * EACH / 10


async def test_a_lane_that_nobody_takes_tells_each_of_its_records_and_holds_up_no_other(
    services: Services, lanes: Lanes
) -> None:
    taken, lost = f"test.{uuid4().hex}", f"test.{uuid4().hex}"
    async with await aio_pika.connect(services.amqp_url) as connection:
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind(EVENTS.name, taken)
        waiting = [lanes.put(key, b"1") for _ in range(300) for key in (taken, lost)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert outcomes[::2] == [None] * 300
        assert all(isinstance(outcome, UnroutableError) for outcome in outcomes[1::2])
        await queue.bind(EVENTS.name, lost)
        await lanes.put(lost, b"2")  # the lane itself is none the worse
