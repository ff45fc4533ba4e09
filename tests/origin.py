"""A queue that messages are parked from, for the tests of what is parked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from stage import until

from ocppdiag_amqp import Broker, Delivery, Held, Parked, Parking, Publisher, park
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_contracts.topology import COMMANDS, commands_queue
from ocppdiag_local.services import Services


@dataclass
class Origin:
    """A queue of the test's own that messages are parked from, and that they come back to."""

    url: str
    publisher: Publisher
    channel: AbstractChannel
    queue: AbstractQueue

    def delivery(self, body: bytes, **more: object) -> Delivery:
        taken = Delivery(
            body=body,
            reply_to="me",
            routing_key=self.queue.name,
            queue=self.queue.name,
            exchange=COMMANDS.name,
            message_id=f"m-{uuid4().hex}",
            type="kind",
            content_type="text/plain",
        )
        return replace(taken, **more)  # type: ignore[arg-type]

    async def park(self, body: bytes, **more: object) -> Delivery:
        delivery = self.delivery(body, **more)
        await park(self.publisher, delivery, body, "because")
        return delivery

    @asynccontextmanager
    async def look(self, url: str | None = None) -> AsyncIterator[list[Held]]:
        async with Parking.open(url or self.url) as parking:
            yield [held async for held in parking.messages() if held.parked.queue == self.queue.name]

    async def parked(self) -> list[Parked]:
        async with self.look() as held:
            return [each.parked for each in held]

    async def stays(self, count: int) -> list[Parked]:
        """So many are there, as soon as what others held is back."""
        found: list[Parked] = []

        async def there() -> bool:
            found[:] = await self.parked()
            return len(found) == count

        await until(there)
        return found


@pytest.fixture
async def origin(services: Services) -> AsyncIterator[Origin]:
    name = f"test.{uuid4().hex}"
    url = services.amqp_url
    async with Broker(url, name="test") as broker, await aio_pika.connect(url) as connection:
        await broker.declare_exchanges()
        channel = await connection.channel()
        queue = commands_queue((name,))
        made = await declare_queue(channel, replace(queue, name=name))
        yield Origin(url, await Publisher.open(broker), channel, made)
        async with Parking.open(url) as parking:
            async for held in parking.messages():
                if held.parked.queue == name:
                    await held.drop()
        await channel.queue_delete(name)
