"""What the tests of a publisher share: one behind a wire, and queues that hear what it publishes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from wire import Wire

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services

Tap = Callable[..., Awaitable[AbstractQueue]]


@pytest.fixture
def key() -> str:
    return f"test.{uuid4().hex}"


@pytest.fixture
async def wire(services: Services) -> AsyncIterator[Wire]:
    async with Wire(services.amqp_url) as wire:
        yield wire


@pytest.fixture
async def publisher(wire: Wire) -> AsyncIterator[Publisher]:
    async with Broker(wire.url, name="test") as broker:
        await broker.declare_exchanges()
        yield await Publisher.open(broker)


@pytest.fixture
async def tap(services: Services, publisher: Publisher) -> AsyncIterator[Tap]:
    """A queue that hears keys of the events exchange, on a connection of its own that nobody cuts."""
    del publisher  # it has declared the exchanges
    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel()

        async def hear(*keys: str) -> AbstractQueue:
            queue = await channel.declare_queue(exclusive=True)
            for key in keys:
                await queue.bind(EVENTS.name, key)
            return queue

        yield hear


async def drained(queue: AbstractQueue) -> list[tuple[str | None, bytes]]:
    """All that lies in the queue now, by id and body."""
    found = []
    while message := await queue.get(no_ack=True, fail=False):
        found.append((message.message_id, message.body))
    return found


async def taken(queue: AbstractQueue) -> tuple[str | None, bytes]:
    """The next message in the queue."""
    async with asyncio.timeout(10):
        while (message := await queue.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110 (polled)
            await asyncio.sleep(0.02)
    return message.message_id, message.body
