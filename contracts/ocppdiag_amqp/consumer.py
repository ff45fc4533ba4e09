"""Take messages from a queue and settle each in exactly one place, whichever way its handler ends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from ocppdiag_amqp import metrics
from ocppdiag_amqp.broker import GONE, Broker, declare_queue, tried
from ocppdiag_amqp.unreadable import UNREADABLE
from ocppdiag_contracts.topology import Queue

log = structlog.get_logger()

PAUSE_AFTER_FAULT = 1.0
LONGEST_PAUSE = 5.0
GOODBYE_SECONDS = 3.0
"""How long a broker that is away is waited for at the end: what it then still counts as ours, it delivers again."""

SENT_FOR = "sent_for"
"""The header of a message that is sent again: the users who had sent it before, one a line, an empty one for nobody known."""

FINISH_SECONDS = 10.0
"""How long handlers under way have at the end; the messages of those that are cut short are given back."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler gets to see of a message, and where it was taken from.

    `attempts` is how often it has been tried before, as a quorum queue counts for its delivery limit; a classic one
    does not count. `user_id` is whom the broker knows as its sender (RabbitMQ: Validated User-ID), None where that did
    not say so.
    """

    body: bytes
    reply_to: str | None
    routing_key: str
    attempts: int = 0
    queue: str = ""
    exchange: str = ""
    message_id: str | None = None
    type: str | None = None
    content_type: str | None = None
    user_id: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """Whether its properties could be read; else it has none."""
        return UNREADABLE not in self.headers

    @property
    def senders(self) -> tuple[str | None, ...]:
        """All who have sent it: the last one by the broker's word, those before by the word of who sent it again."""
        before = self.headers.get(SENT_FOR)
        earlier = before.split("\n") if isinstance(before, str) else ()
        return (self.user_id, *(name or None for name in earlier))


Handler = Callable[[Delivery], Awaitable[None]]


class Consumer:
    """A running consumer: `await stop()` lets the handlers under way finish.

    A message is settled when it has been handled, so it is handled at least once. With `settle_first` it is settled
    before, and not handled when that fails, so it is handled at most once.

    A handler that raises one of the `passing` errors (a store that is down) is called again, however often, with
    the message held: to give it back would use up the delivery limit, which is there for messages that do harm.
    """

    def __init__(self, handler: Handler, passing: tuple[type[Exception], ...], *, settle_first: bool) -> None:
        self._handler = handler
        self._passing = passing
        self._ours: tuple[type[BaseException], ...] = (*passing, asyncio.CancelledError)
        self._take = self._settle_and_handle if settle_first else self._handle_and_settle
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._queue: AbstractQueue
        self._tag: str
        self._family: str

    @classmethod
    async def start(
        cls,
        broker: Broker,
        queue: Queue,
        handler: Handler,
        *,
        prefetch: int,
        passing: tuple[type[Exception], ...] = (),
        settle_first: bool = False,
    ) -> "Consumer":
        """Declare the queue and take from it."""
        consumer = cls(handler, passing, settle_first=settle_first)
        channel = await broker.consuming_channel(prefetch)
        consumer._queue = await declare_queue(channel, queue)
        consumer._family = metrics.family(queue.name)
        consumer._tag = await consumer._queue.consume(consumer._on_message)
        return consumer

    async def delete_queue(self) -> None:
        """Stop, and leave no queue behind: for a queue that nobody else uses."""
        await self.stop()
        if not await tried(self._queue.delete(if_unused=False, if_empty=False), GOODBYE_SECONDS):
            log.debug("queue_left_to_expire", queue=self._queue.name)

    async def stop(self) -> None:
        """Take nothing more, and wait for what was taken: for 10 s, after which the rest is given back."""
        if not await tried(self._queue.cancel(self._tag), GOODBYE_SECONDS):
            log.debug("consumer_gone", queue=self._queue.name)
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while self._running:
                    await asyncio.wait(self._running)
        if self._running:
            log.warning("handlers_cut_short", queue=self._queue.name, count=len(self._running))
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, timeout=GOODBYE_SECONDS)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        # A task of our own: aio-pika's are cancelled with the connection, and a cancelled handler is a lost step.
        task = asyncio.create_task(self._take(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _settle_and_handle(self, message: AbstractIncomingMessage) -> None:
        began = time.monotonic()
        try:
            await message.ack()  # returns when it is on its way out
        except (*GONE, asyncio.CancelledError) as error:
            self._unsettled(error)
            return
        try:
            await self._handler(_delivery(message, self._queue.name))
        except Exception:
            log.exception("message_failed", queue=self._queue.name)
        self._settled("acked", began)

    async def _handle_and_settle(self, message: AbstractIncomingMessage) -> None:
        began, outcome = time.monotonic(), "acked"
        try:
            try:
                await self._handle(_delivery(message, self._queue.name))
            except self._ours:
                # We are stopping, which is no fault of the message: `nack` does not count, on RabbitMQ 4.3.
                outcome = "requeued"
                await message.nack(requeue=True)
            except Exception:
                log.exception("message_failed", queue=self._queue.name)
                outcome = "rejected"
                await asyncio.sleep(PAUSE_AFTER_FAULT)
                # `reject`, because `nack` does not count toward the delivery limit on RabbitMQ 4.3.
                await message.reject(requeue=True)
            else:
                await message.ack()
        except (*GONE, asyncio.CancelledError) as error:
            self._unsettled(error)
        else:
            self._settled(outcome, began)

    def _settled(self, outcome: str, began: float) -> None:
        metrics.SETTLED.add(self._family, outcome)
        metrics.HANDLING_SECONDS.observe(time.monotonic() - began, self._family)

    def _unsettled(self, error: BaseException) -> None:
        """The channel went before we could settle: the broker delivers the message again."""
        metrics.SETTLED.add(self._family, "unsettled")
        log.warning("message_unsettled", queue=self._queue.name, error=type(error).__name__)

    async def _handle(self, delivery: Delivery) -> None:
        """Call the handler until it is through; raises a passing error only when we are stopping."""
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


def _delivery(message: AbstractIncomingMessage, queue: str) -> Delivery:
    # RabbitMQ's own count, whichever version counts what; at the first delivery it would be the publisher's word.
    count = message.headers.get("x-delivery-count") if message.redelivered else None
    attempts = count if isinstance(count, int) else 0
    return Delivery(
        body=message.body,
        reply_to=message.reply_to,
        routing_key=message.routing_key or "",
        attempts=attempts,
        queue=queue,
        exchange=message.exchange or "",
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        user_id=message.user_id,
        headers=message.headers,
    )
