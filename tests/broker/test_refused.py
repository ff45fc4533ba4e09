"""A publisher that is refused: by a queue that is full, and by a queue whose leader's node has gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from aiormq.abc import FieldTable
from node import Node, Nodes, rabbitmq
from places import until
from private import provide

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services

FULL: FieldTable = {"x-max-length": 1, "x-overflow": "reject-publish"}
SURVIVED_SECONDS = 10


@pytest.fixture
async def broker(services: Services) -> AsyncIterator[Broker]:
    async with Broker(services.amqp_url, name="test") as broker:
        await broker.declare_exchanges()
        yield broker


@pytest.fixture
async def full(services: Services, broker: Broker, key: str) -> AsyncIterator[AbstractQueue]:
    """A queue that takes one message."""
    del broker  # it has declared the exchanges
    async with await aio_pika.connect(services.amqp_url) as connection:
        queue = await (await connection.channel()).declare_queue(exclusive=True, arguments=FULL)
        await queue.bind(EVENTS.name, key)
        yield queue


async def test_a_refused_publish_goes_on_on_new_channels_and_leaves_none_behind(
    broker: Broker, full: AbstractQueue, key: str
) -> None:
    publisher = await Publisher.open(broker)
    await publisher.publish(EVENTS, key, b"1")
    first, held = publisher._channel, len(broker._channels)
    refused = asyncio.create_task(publisher.publish(EVENTS, key, b"2"))
    await until(lambda: publisher._channel is not first)
    second = publisher._channel
    await until(lambda: publisher._channel is not second)
    assert not refused.done()
    assert (await full.get(no_ack=True)).body == b"1"
    await refused
    assert (await full.get(no_ack=True)).body == b"2"
    assert len(broker._channels) == held


async def test_others_are_not_lost_when_the_channel_is_replaced_under_them(
    services: Services, broker: Broker, full: AbstractQueue, key: str
) -> None:
    del full
    publisher = await Publisher.open(broker)
    await publisher.publish(EVENTS, key, b"1")
    first = publisher._channel
    async with await aio_pika.connect(services.amqp_url) as connection:
        heard = await (await connection.channel()).declare_queue(exclusive=True)
        await heard.bind(EVENTS.name, f"{key}.others")
        refused = asyncio.create_task(publisher.publish(EVENTS, key, b"2"))
        sent = 0
        async with asyncio.timeout(20):
            while publisher._channel is first or sent < 100:
                ten = range(sent, sent + 10)
                await asyncio.gather(*(publisher.publish(EVENTS, f"{key}.others", b"%d" % n) for n in ten))
                sent += 10
        refused.cancel()
        bodies = set[bytes]()
        while message := await heard.get(no_ack=True, fail=False):
            bodies.add(message.body)
    assert bodies == {b"%d" % number for number in range(sent)}


async def test_a_publisher_that_came_after_a_leader_fell_and_before_its_successor_is_served(
    tmp_path: Path, key: str
) -> None:
    await asyncio.to_thread(provide)
    async with rabbitmq(tmp_path, 3) as nodes:
        home = await _led_elsewhere(nodes, key)
        other = next(node for node in nodes.nodes if node is not home)
        async with Broker(other.url, name="test") as broker:
            await home.kill()
            publisher = await Publisher.open(broker)
            async with asyncio.timeout(SURVIVED_SECONDS):
                await publisher.publish(EVENTS, key, b"x")
                await publisher.publish(EVENTS, key, b"y")


async def _led_elsewhere(nodes: Nodes, key: str) -> Node:
    """Have a quorum queue on all nodes, and return the one that leads it."""
    async with Broker(nodes.nodes[2].url, name="test") as broker:
        await broker.declare_exchanges()
    async with await aio_pika.connect(nodes.nodes[2].url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(key, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(EVENTS.name, key)
    return await nodes.home(key)
