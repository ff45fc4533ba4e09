"""Hears every event through a durable quorum queue of the suite's own, and comes back to it whatever happens.

It takes nothing of the product: a fault in the product's consumer must not hide an event from the checker.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError
from histories import Heard, Histories

from ocppdiag_contracts.topology import EVENTS, REPLIES

PAUSE_SECONDS = 0.3
CONNECT_SECONDS = 5
CATCH_UP_SECONDS = 30
CAUGHT_UP = "caught_up"
TROUBLE = (AMQPError, OSError, TimeoutError, RuntimeError)


class Listener:
    """`reply_to` is where commands are to have their private events sent."""

    def __init__(self, url: str, histories: Histories) -> None:
        self._url = f"{url}?heartbeat=5"
        self._histories = histories
        self.reply_to = f"faults.{uuid4().hex}"
        self.listening = asyncio.Event()
        """Bound: from now on nothing is missed."""

        self._caught_up = asyncio.Event()

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            with suppress(*TROUBLE):
                await self._listen()
            await asyncio.sleep(PAUSE_SECONDS)

    async def forget(self) -> None:
        """Leave nothing on the broker."""
        with suppress(*TROUBLE):
            async with self._channel() as channel:
                await channel.queue_delete(self.reply_to)

    async def catch_up(self) -> None:
        """Return when all that the broker has confirmed until now is heard. Raises TimeoutError."""
        self._caught_up.clear()
        async with asyncio.timeout(CATCH_UP_SECONDS), self._channel() as channel:
            await channel.default_exchange.publish(aio_pika.Message(b"", type=CAUGHT_UP), self.reply_to)
            await self._caught_up.wait()

    async def _listen(self) -> None:
        async with self._channel() as channel:
            await channel.set_qos(prefetch_count=200)
            queue: AbstractQueue = await channel.declare_queue(
                self.reply_to, durable=True, arguments={"x-queue-type": "quorum"}
            )
            await queue.bind(EVENTS.name, "#")
            await queue.bind(REPLIES.name, self.reply_to)
            gone = asyncio.Event()
            channel.close_callbacks.add(lambda *_: gone.set())
            await queue.consume(self._heard)
            self.listening.set()
            await gone.wait()

    async def _heard(self, message: AbstractIncomingMessage) -> None:
        if message.type == CAUGHT_UP:
            self._caught_up.set()
        else:
            self._histories.heard.append(Heard(time.monotonic(), json.loads(message.body)))
        with suppress(*TROUBLE):
            await message.ack()

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await aio_pika.connect(self._url)
        async with connection:
            async with asyncio.timeout(CONNECT_SECONDS):
                channel = await connection.channel()
            yield channel
