"""Diagnostics over RabbitMQ: `async with Diagnostics.connect(url) as d: await d.send(command)`."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from ocppdiag_amqp import Broker, BrokerError, Consumer, Delivery, Publisher
from ocppdiag_client.reading import read
from ocppdiag_client.stream import Heard, Streams
from ocppdiag_client.tracing import sending
from ocppdiag_contracts import cloud_events
from ocppdiag_contracts.commands import Command, CommandModel, read_command
from ocppdiag_contracts.events import CommandSettled, Event
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, reply_queue, watch_queue

PREFETCH = 100
PAUSE_SECONDS = 0.02
LATE_SECONDS = 10.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


class Diagnostics:
    """A connected client. Made by `connect`, and good until that context ends."""

    def __init__(self, broker: Broker, publisher: Publisher, name: str) -> None:
        self._broker = broker
        self._publisher = publisher
        self._source = cloud_events.client(name)
        self._reply_to = f"{name}.{uuid4().hex}"
        self._streams = Streams()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, name: str = "client") -> AsyncIterator["Diagnostics"]:
        """Connect to the broker at `amqp://user:password@host:port/vhost`; `name` is what operators see there.

        Commands are sent in the name of that user (AMQP's user_id), which is how workers know what it may send.

        Raises:
            ValueError: the name has other characters than a-z A-Z 0-9 _ -, or more than 50.
            BrokerError: the broker cannot be reached.

        """
        if not _NAME.fullmatch(name):
            raise ValueError("name: must be 1 to 50 of the characters a-z A-Z 0-9 _ -")
        async with Broker(url, name=f"ocppdiag client {name}") as broker:
            await broker.declare_exchanges()
            client = cls(broker, await Publisher.open(broker), name)
            replies = await Consumer.start(
                broker, reply_queue(client._reply_to), client._on_event, prefetch=PREFETCH
            )
            try:
                yield client
            finally:
                await replies.delete_queue()

    async def send(self, command: Command, *, patience: float = 30.0) -> None:
        """Return once the broker has confirmed the command: from then on it will reach exactly one final event.

        To send the same command again is harmless: it is carried out once. How far it is, or its end, is told again.

        Raises:
            InvalidCommandError: it is not of the published shape; the message names the field.
            UnroutableError: no diagnostics worker has ever been here.
            UnconfirmedError: `patience` (seconds) is over; whether the command was stored is unknown. Send the same
                command (the same id) again.

        """
        body = command.model_dump_json(exclude_none=True, warnings=False).encode()
        read_command(body)
        self._streams.open(command)
        try:
            with sending(command, command.command) as trace:
                await self._publisher.publish(
                    COMMANDS,
                    command.command,
                    body,
                    message_id=command.id,
                    type=command.command,
                    reply_to=self._reply_to,
                    headers=cloud_events.headers(command, self._source) | trace,
                    signed=True,
                    patience=patience,
                )
        except BrokerError:
            self._streams.drop(command)
            raise

    async def settle(self, command: Command) -> CommandSettled:
        """Wait for the final event of a command that this client has sent.

        Should it be overdue (this client was away for minutes), the command is sent once more, and its end is told
        again.

        Raises:
            NotSentError: this client has not sent it.
            TimeoutError: no end 20 s after its deadline.

        """
        settled = self._streams.settle(command)
        left = max(0.0, (command.due - now()).total_seconds())
        try:
            return await asyncio.wait_for(settled, left + LATE_SECONDS)
        except TimeoutError:
            await self.send(command)
            return await asyncio.wait_for(self._streams.settle(command), LATE_SECONDS)

    async def follow(self, command: CommandModel) -> AsyncIterator[Event]:
        """Yield the events of a command that this client has sent, from the first to the final one.

        Raises NotSentError.
        """
        async for event in self._streams.find(command).follow():
            yield event

    @asynccontextmanager
    async def listen(self, *keys: str) -> AsyncIterator[Heard]:
        """Hear all events under these routing keys (`#` for all, `command_settled.#`, `*.CS-1`) from here on.

        None is missed of what is sent within the block.
        """
        waiting: asyncio.Queue[Event] = asyncio.Queue(maxsize=PREFETCH)
        closing = asyncio.Event()

        async def on_event(delivery: Delivery) -> None:
            while waiting.full() and not closing.is_set():  # noqa: ASYNC110 (either may end it)
                await asyncio.sleep(PAUSE_SECONDS)
            if not closing.is_set() and (event := read(delivery.body, delivery.routing_key)):
                waiting.put_nowait(event)

        queue = watch_queue(uuid4().hex, keys or ("#",))
        consumer = await Consumer.start(self._broker, queue, on_event, prefetch=PREFETCH)
        try:
            yield Heard(waiting)
        finally:
            closing.set()
            await consumer.delete_queue()

    async def watch(self, *keys: str) -> AsyncGenerator[Event, None]:
        """Yield what `listen` hears, from when it is first asked for one."""
        async with self.listen(*keys) as heard:
            async for event in heard:
                yield event

    async def _on_event(self, delivery: Delivery) -> None:
        if event := read(delivery.body, delivery.routing_key):
            self._streams.feed(event)
