"""How both processes of the yardstick begin and end, their wires to RabbitMQ, and what is written on them."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
import uvloop
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from msgspec import Raw
from msgspec.json import Decoder

from ocppdiag_process.logs import configure

KIND = os.environ.get("YARDSTICK", "batched")
BATCHED = KIND == "batched"
CALLS = f"yardstick.{KIND}.calls"
REPLIES = f"yardstick.{KIND}.replies"

REDIS_URL = os.environ.get("OCPPDIAG_REDIS_URL", "")
AMQP_URL = os.environ.get("OCPPDIAG_AMQP_URL", "")
PREFETCH = 100

read_calls = Decoder(list[tuple[int, Raw, Raw, Raw]]).decode
"""Calls on the wire: `[[socket, message id, action, payload], ...]`, all but the first as the station wrote them."""

read_replies = Decoder(list[tuple[int, Raw]]).decode
"""Replies on the wire: `[[socket, message id], ...]`; their payload is always `{}`."""


@dataclass(frozen=True)
class Wires:
    """Two connections, as the product has them: one publishes, one consumes."""

    consuming: AbstractChannel
    exchange: AbstractExchange
    """The default one: its routing keys are names of queues."""

    async def publish(
        self, queue: str, body: bytes, *, persistent: bool, reply_to: str | None = None
    ) -> None:
        """Return once the broker has confirmed. Raises what aio-pika raises."""
        mode = aio_pika.DeliveryMode.PERSISTENT if persistent else aio_pika.DeliveryMode.NOT_PERSISTENT
        await self.exchange.publish(aio_pika.Message(body, delivery_mode=mode, reply_to=reply_to), queue)

    async def take(self, queue: str, handle: Callable[[AbstractIncomingMessage], Awaitable[None]]) -> None:
        """Declare a queue and handle each of its messages; the handler acknowledges."""
        declared = await self.consuming.declare_queue(
            queue, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 60_000}
        )
        await declared.consume(handle)


@asynccontextmanager
async def wires() -> AsyncIterator[Wires]:
    """Connect for as long as this block lasts."""
    async with await aio_pika.connect(AMQP_URL) as publishing, await aio_pika.connect(AMQP_URL) as consuming:
        publisher = await publishing.channel(publisher_confirms=True, on_return_raises=True)
        consumer = await consuming.channel()
        await consumer.set_qos(prefetch_count=PREFETCH)
        yield Wires(consumer, publisher.default_exchange)


async def until_told_to_stop(port: int = 0) -> None:
    """Say that the process is ready, and wait for SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 20)  # as the product's gateway
    sys.stdout.write(json.dumps({"event": "ready", "pid": os.getpid(), "port": port}) + "\n")
    sys.stdout.flush()
    await stop.wait()


def main(run: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a process of the yardstick; what goes wrong is logged or ends it, and nothing is tried again."""
    configure(level="warning", process="yardstick")
    uvloop.run(run())
