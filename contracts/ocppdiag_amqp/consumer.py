"""Take messages from a queue and settle each in exactly one place, whichever way its handler ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from ocppdiag_amqp.broker import Broker, declare_queue
from ocppdiag_contracts.topology import Queue

log = structlog.get_logger()

PAUSE_AFTER_FAULT = 1.0
LONGEST_PAUSE = 5.0
GOODBYE_SECONDS = 5.0
"""How long a broker that is away is waited for at the end: what it then still counts as ours, it delivers again."""


class ParkError(Exception):
    """Nobody can ever handle this message: it goes to the dead letters, with the reason in the log."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler gets to see of a message.

    `attempts` is how often it has been tried before, as a quorum queue counts for its delivery limit; a classic one
    does not count.
    """

    body: bytes
    reply_to: str | None
    routing_key: str
    attempts: int = 0


Handler = Callable[[Delivery], Awaitable[None]]


class Consumer:
    """A running consumer: `await stop()` lets the handlers under way finish.

    A handler that raises one of the `passing` errors (a store that is down) is called again, however often, with
    the message held: to give it back would use up the delivery limit, which is there for messages that do harm.
    """

    def __init__(self, handler: Handler, passing: tuple[type[Exception], ...]) -> None:
        self._handler = handler
        self._passing = passing
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._queue: AbstractQueue
        self._tag: str

    @classmethod
    async def start(
        cls,
        broker: Broker,
        queue: Queue,
        handler: Handler,
        *,
        prefetch: int,
        passing: tuple[type[Exception], ...] = (),
    ) -> "Consumer":
        """Declare the queue and take from it."""
        consumer = cls(handler, passing)
        channel = await broker.consuming_channel(prefetch)
        consumer._queue = await declare_queue(channel, queue)
        consumer._tag = await consumer._queue.consume(consumer._on_message)
        return consumer

    async def delete_queue(self) -> None:
        """Stop, and leave no queue behind: for a queue that nobody else uses."""
        await self.stop()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._queue.delete(if_unused=False, if_empty=False)
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError, TimeoutError):
            log.debug("queue_left_to_expire", queue=self._queue.name)

    async def stop(self) -> None:
        """Take nothing more, and wait for what was taken."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._queue.cancel(self._tag)
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError, TimeoutError):
            log.debug("consumer_gone", queue=self._queue.name)
        self._stopping.set()
        while self._running:
            await asyncio.wait(self._running)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        # A task of our own: aio-pika's are cancelled with the connection, and a cancelled handler is a lost step.
        task = asyncio.create_task(self._settle(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        try:
            try:
                await self._handle(_delivery(message))
            except ParkError as reason:
                log.warning("message_parked", queue=self._queue.name, reason=str(reason))
                await message.reject(requeue=False)
            except Exception:
                log.exception("message_failed", queue=self._queue.name)
                await asyncio.sleep(PAUSE_AFTER_FAULT)
                # `reject`, because `nack` does not count toward the delivery limit on RabbitMQ 4.3.
                await message.reject(requeue=True)
            else:
                await message.ack()
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
            # The channel went before we could settle: the broker delivers the message again.
            log.warning("message_unsettled", queue=self._queue.name, error=type(error).__name__)

    async def _handle(self, delivery: Delivery) -> None:
        pause = 0.1
        while True:
            try:
                await self._handler(delivery)
            except self._passing as error:
                log.warning("handler_waits", queue=self._queue.name, error=str(error))
                pause = min(pause * 2, LONGEST_PAUSE)
                try:
                    await asyncio.wait_for(self._stopping.wait(), pause)
                except TimeoutError:
                    continue
                raise
            else:
                return


def _delivery(message: AbstractIncomingMessage) -> Delivery:
    # RabbitMQ's own count, whichever version counts what; at the first delivery it would be the publisher's word.
    count = message.headers.get("x-delivery-count") if message.redelivered else None
    attempts = count if isinstance(count, int) else 0
    return Delivery(message.body, message.reply_to, message.routing_key or "", attempts)
