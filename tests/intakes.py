"""An intake at work on a real broker, its front door, and its dead letters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from stage import Stage, until

from ocppdiag_amqp import Broker, Parked, Publisher
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_amqp.parking import _read
from ocppdiag_contracts.topology import DEAD, Exchange, commands_queue, diagnostics_queue
from ocppdiag_local.services import Services
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.intake import Intake
from ocppdiag_workers.perform import Performer


class House:
    """What a test puts in at the door, and what is put aside; `open` has an intake work."""

    def __init__(self, stage: Stage, broker: Broker, publisher: Publisher, dead: AbstractQueue) -> None:
        self.stage = stage
        self._broker = broker
        self._publisher = publisher
        self._dead = dead

    async def put(self, exchange: Exchange, key: str, body: bytes, reply_to: str | None = None) -> None:
        await self._publisher.publish(exchange, key, body, reply_to=reply_to)

    async def parked(self, *, named: bool = True) -> bytes:
        """The body of what is parked next."""
        return (await self.put_aside(named=named)).body

    async def put_aside(self, *, named: bool = True) -> Parked:
        """What is parked next; `named` if it says that it is about our station."""
        name = self.stage.station.encode() if named else b""
        found: list[Parked] = []

        async def come() -> bool:
            while message := await self._dead.get(no_ack=True, fail=False):
                found.extend([_read(message)] if name in message.body else [])
            return bool(found)

        await until(come)
        (parked,) = found
        return parked

    @asynccontextmanager
    async def open(self, performer: Performer | None = None) -> AsyncIterator[Intake]:
        stop = asyncio.Event()
        intake = Intake(performer or self.stage.performer, AllowList())
        running = asyncio.create_task(intake.run(self._broker, shards=1, prefetch=10, stop=stop))
        try:
            yield intake
        finally:
            stop.set()
            await running


@asynccontextmanager
async def house_of(services: Services, stage: Stage) -> AsyncIterator[House]:
    """A house whose queues are there, with nobody at work."""
    dead = await stage.listen((DEAD.name, "#"))
    table = stage.performer.table
    for queue in (commands_queue(tuple(table.works)), diagnostics_queue(0, tuple(table.hears))):
        await declare_queue(stage.channel, queue)
    async with Broker(services.amqp_url, name="test") as broker:
        yield House(stage, broker, await Publisher.open(broker), dead)


async def fall_over(services: Services, queue: str) -> None:
    """Be a worker that takes a message and is gone before it has settled it."""
    taken = asyncio.Event()

    async def take(_: AbstractIncomingMessage) -> None:
        taken.set()

    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        await (await channel.get_queue(queue)).consume(take)
        await asyncio.wait_for(taken.wait(), 10)
