"""How aio-pika ends what waits for a confirm, which our publisher relies on: it fails, and never hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPConnectionError, DeliveryError, PublishError
from aiormq.abc import FieldTable
from wire import Wire

from ocppdiag_local.services import Services


@asynccontextmanager
async def pending(wire: Wire) -> AsyncIterator[tuple[AbstractConnection, "list[asyncio.Task[None]]"]]:
    """Two publishes on a way that is frozen; aiormq gives up a connection that is silent for 6 s."""
    connection = await aio_pika.connect(f"{wire.url}?heartbeat=1")
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    queue = await channel.declare_queue(exclusive=True)
    wire.flowing.clear()

    async def publish() -> None:
        await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)

    tasks = [asyncio.create_task(publish()) for _ in range(2)]
    await asyncio.sleep(0.3)
    assert not any(task.done() for task in tasks)
    yield connection, tasks
    wire.flowing.set()
    await connection.close()


async def ends(tasks: "list[asyncio.Task[None]]") -> list[BaseException | object]:
    done, _ = await asyncio.wait(tasks, timeout=15)
    assert len(done) == len(tasks), "a pending confirm hangs"
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_pending_confirms_fail_when_the_connection_is_cut(wire: Wire) -> None:
    async with pending(wire) as (_, tasks):
        wire.cut()
        assert {type(end) for end in await ends(tasks)} == {AMQPConnectionError}


async def test_pending_confirms_look_cancelled_when_a_connection_that_hung_is_given_up(wire: Wire) -> None:
    async with pending(wire) as (_, tasks):
        assert {type(end) for end in await ends(tasks)} == {asyncio.CancelledError}
        assert not any(
            task.cancelling() for task in tasks
        )  # nobody has: this is how it is told from our own wish


async def test_a_publish_that_timed_out_is_unknown_because_it_may_be_stored(wire: Wire) -> None:
    connection = await aio_pika.connect(wire.url)
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    queue = await channel.declare_queue(exclusive=True)
    wire.flowing.clear()
    with pytest.raises(TimeoutError):
        await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name, timeout=0.3)
    wire.flowing.set()
    message = await queue.get(timeout=10)
    assert message is not None
    await message.ack()
    assert message.body == b"x"
    await connection.close()


async def test_a_returned_publish_raises_and_so_does_a_refused_one(services: Services) -> None:
    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        with pytest.raises(PublishError):
            await channel.default_exchange.publish(aio_pika.Message(b"x"), "nobody")
        full: FieldTable = {"x-max-length": 1, "x-overflow": "reject-publish"}
        queue = await channel.declare_queue(exclusive=True, arguments=full)
        await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        with pytest.raises(DeliveryError) as refused:
            await channel.default_exchange.publish(aio_pika.Message(b"x"), queue.name)
        assert not isinstance(refused.value, PublishError)
