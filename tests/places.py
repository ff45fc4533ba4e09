"""A queue of a test's own on a real broker, with its dead letters and the consumers at it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from wire import Wire

from ocppdiag_amqp import Broker, Consumer, Delivery, Publisher
from ocppdiag_contracts.topology import DEAD, EVENTS, Queue
from ocppdiag_local.services import Services

LIMIT = 2


class Place:
    """A queue of our own that fails fast, its dead letters, and consumers behind a wire."""

    def __init__(
        self, wire: Wire, publisher: Publisher, connection: AbstractConnection, channel: AbstractChannel
    ) -> None:
        name = f"test.{uuid4().hex}"
        arguments: dict[str, str | int | bool] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": LIMIT,
            "x-dead-letter-exchange": DEAD.name,
            "x-dead-letter-routing-key": name,
        }
        self.queue = Queue(name, ((EVENTS, name),), arguments)
        self.dead = Queue(f"{name}.dead", ((DEAD, name),))
        self.wire = wire
        self.connection = connection
        self.channel = channel
        self._publisher = publisher
        self._consuming = AsyncExitStack()

    @classmethod
    @asynccontextmanager
    async def own(cls, services: Services) -> "AsyncIterator[Place]":
        """A place that leaves nothing behind."""
        async with (
            Wire(services.amqp_url) as wire,
            Broker(services.amqp_url, name="test") as broker,
            await aio_pika.connect(services.amqp_url) as connection,
        ):
            await broker.declare_exchanges()
            channel = await connection.channel()
            place = cls(wire, await Publisher.open(broker), connection, channel)
            for queue in (place.queue, place.dead):
                declared = await channel.declare_queue(
                    queue.name, durable=True, arguments=dict(queue.arguments)
                )
                for exchange, key in queue.bindings:
                    await declared.bind(exchange.name, key)
            yield place
            wire.mend()
            await place.hang_up()
            for queue in (place.queue, place.dead):
                await channel.queue_delete(queue.name)

    async def consume(
        self,
        handler: Callable[[Delivery], Awaitable[None]],
        *,
        prefetch: int = 10,
        passing: tuple[type[Exception], ...] = (),
        settle_first: bool = False,
    ) -> Consumer:
        broker = await self._consuming.enter_async_context(Broker(self.wire.url, name="test"))
        return await Consumer.start(
            broker, self.queue, handler, prefetch=prefetch, passing=passing, settle_first=settle_first
        )

    async def hang_up(self) -> None:
        """Close the consumers' connections: what they left unsettled goes back to the queue."""
        await self._consuming.aclose()

    async def put(self, *bodies: bytes, reply_to: str | None = None) -> None:
        await asyncio.gather(
            *(self._publisher.publish(EVENTS, self.queue.name, body, reply_to=reply_to) for body in bodies)
        )

    async def left(self, queue: Queue | None = None) -> list[bytes]:
        """Take all that lies in a queue."""
        there = await self.channel.get_queue((queue or self.queue).name)
        found = []
        while message := await there.get(no_ack=True, fail=False):
            found.append(message.body)
        return found

    async def dead_letters(self) -> list[bytes]:
        async with asyncio.timeout(10):
            while not (letters := await self.left(self.dead)):  # noqa: ASYNC110 (the broker tells nobody)
                await asyncio.sleep(0.05)
        return letters


async def until(there: Callable[[], object], within: float = 15) -> None:
    async with asyncio.timeout(within):
        while not there():  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0.01)
