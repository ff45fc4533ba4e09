"""Commands, published without waiting for the confirm of one before the next, and their final events.

Barer than `ocppdiag_client`, to cost as little as can be: of all events it hears the final ones, from one queue, and
reads of them what is looked at. It publishes as the client does.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage
from answering import Crowd
from ends import Books, End, Then, Wrong
from ground import Fleet
from stretch import Meter, Stretch

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_contracts import cloud_events
from ocppdiag_contracts.commands import GetLog, GetMonitoringReport
from ocppdiag_contracts.topology import COMMANDS, watch_queue

SOURCE = cloud_events.client("bench")
CONFIRM_SECONDS = 60.0
DRAIN_SECONDS = 120.0
LATE_SECONDS = 1.0
"""How long second ends are waited for when all have ended."""

Asked = GetLog | GetMonitoringReport


class Asker:
    """Asks, and hears how it ended. Made by `connect`, and good until that context ends."""

    def __init__(self, publisher: Publisher) -> None:
        self.books = Books()
        self._publisher = publisher
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def connect(cls, amqp_url: str) -> AsyncIterator["Asker"]:
        """Connect, and hear all final events from here on."""
        async with Broker(amqp_url, name="ocppdiag bench") as broker:
            asker = cls(await Publisher.open(broker))
            channel = await broker.consuming_channel(0)
            queue = await declare_queue(channel, watch_queue(uuid4().hex, ("command_settled.#",)))
            tag = await queue.consume(asker._hear, no_ack=True)
            try:
                yield asker
            finally:
                await queue.cancel(tag)
                await queue.delete(if_unused=False, if_empty=False)

    @property
    def errors(self) -> Counter[str]:
        """What went wrong so far."""
        return self.books.errors

    def ask(self, command: Asked, then: Then | None) -> None:
        """Publish; `then` is called at its end. None: it is to stay open, and an end is an error."""
        self.books.asked(command.id, then)
        task = asyncio.create_task(self._publish(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rest(self, within: float) -> None:
        """Wait until all have ended, for so many seconds, and a little longer for what ends twice."""
        until = time.perf_counter() + within
        while self.books.under_way and time.perf_counter() < until:  # noqa: ASYNC110 (no hurry)
            await asyncio.sleep(0.02)
        self.books.give_up()
        await asyncio.sleep(LATE_SECONDS)

    async def _publish(self, command: Asked) -> None:
        try:
            await self._publisher.publish(
                COMMANDS,
                command.command,
                command.model_dump_json(exclude_none=True).encode(),
                message_id=command.id,
                type=command.command,
                headers=cloud_events.headers(command, SOURCE),
                signed=True,
                patience=CONFIRM_SECONDS,
            )
        except Exception as error:  # noqa: BLE001 (whatever it is, it is to be seen)
            self.errors[f"not published: {type(error).__name__} {error}"] += 1

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        self.books.heard(message.body)


async def again_and_again(
    running: Fleet,
    asker: Asker,
    crowd: Crowd,
    make: Callable[[str], Asked],
    *,
    wrong: Wrong,
    seconds: float,
) -> Stretch:
    """Have one command under way for each station, the next one at the end of each, for so long.

    An end with which nothing is wrong counts.
    """
    meter, good = Meter(running), 0
    last = meter.began

    def ask(name: str) -> None:
        asker.ask(make(name), lambda end: ended(name, end))

    def ended(name: str, end: End) -> None:
        nonlocal good, last
        if problem := wrong(end):
            asker.errors[problem] += 1
        else:
            good += 1
            last = time.perf_counter()
        if time.perf_counter() < meter.began + seconds:
            ask(name)

    for name in crowd.stations:
        ask(name)
    await asyncio.sleep(seconds)
    await asker.rest(DRAIN_SECONDS)
    await crowd.rest(DRAIN_SECONDS)
    return meter.stretch(good, last)
