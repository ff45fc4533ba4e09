"""A process's two connections to RabbitMQ: one publishes, one consumes, so that a blocked publisher still acks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from ocppdiag_amqp import metrics, unreadable
from ocppdiag_amqp.errors import BrokerError
from ocppdiag_amqp.unconfirmed import Unconfirmed
from ocppdiag_contracts.topology import EXCHANGES, PARKING, Queue

log = structlog.get_logger()

GONE = (AMQPError, ConnectionError, RuntimeError)
"""What aio-pika raises when a channel or its connection is not there any more."""

HEARTBEAT_SECONDS = 10
"""A broker that hangs is noticed after three of these (aiormq waits `(heartbeat + 1) * 3`)."""

CONNECT_SECONDS = 15
CLOSE_SECONDS = 3.0

LOOK_SECONDS = 0.5
UNCONFIRMED_SECONDS = 5.0
"""A broker that leaves a publish unconfirmed for longer is in trouble."""


class Broker:
    """An open pair of connections, restored by aio-pika when they break.

    Use it as an async context manager. Raises BrokerError when the broker cannot be reached at the start.
    """

    def __init__(self, url: str, *, name: str) -> None:
        try:
            self._url = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS)
        except ValueError:  # it repeats a piece of the address, which may be of the password
            raise BrokerError(
                "the broker's address cannot be read: a password with / # ? or @ needs percent-encoding"
            ) from None
        self._name = name
        self._trouble: str | None = None
        self.unconfirmed = Unconfirmed()
        self._channels: list[AbstractChannel] = []  # aio-pika restores only channels that somebody holds

    async def __aenter__(self) -> Self:
        unreadable.install()
        self._publishing = await self._connect("publishes")
        try:
            self._consuming = await self._connect("consumes")
        except BaseException:
            await tried(self._publishing.close(), CLOSE_SECONDS)
            raise
        self._watching = asyncio.create_task(self._watch())
        metrics.UP.set_function(self._up)
        metrics.TROUBLE.set_function(self._troubles)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.cancel()
        both = (self._publishing, self._consuming)
        await asyncio.gather(*(tried(connection.close(), CLOSE_SECONDS) for connection in both))

    @property
    def user(self) -> str:
        """Who we are to the broker: the user of its address."""
        return self._url.user or "guest"

    @property
    def connected(self) -> bool:
        """Whether the connection stands that publishes."""
        return self._publishing.connected.is_set()

    @property
    def usable(self) -> bool:
        """Whether both connections stood and publishes were confirmed half a second ago.

        A broker tells that it blocks a connection (its disk or memory is full) only to one that publishes.
        """
        return self._trouble is None

    @property
    def missing(self) -> str | None:
        """Say in a sentence why it is not usable."""
        return f"RabbitMQ cannot be used: {self._trouble}." if self._trouble else None

    def _troubles(self) -> dict[tuple[str, ...], float]:
        (reasons,) = metrics.TROUBLE.labels.values()
        return {(reason,): reason == self._trouble for reason in reasons}

    def _up(self) -> dict[tuple[str, ...], float]:
        both = {"publishes": self._publishing, "consumes": self._consuming}
        return {(purpose,): each.connected.is_set() for purpose, each in both.items()}

    async def publishing_channel(self) -> AbstractChannel:
        """Open a channel with confirms, on which an unroutable message raises."""
        return await self._kept(self._publishing.channel(publisher_confirms=True, on_return_raises=True))

    async def consuming_channel(self, prefetch: int) -> AbstractChannel:
        """Open a channel that holds at most `prefetch` unsettled messages."""
        channel = await self._kept(self._consuming.channel())
        await channel.set_qos(prefetch_count=prefetch)
        return channel

    async def close(self, channel: AbstractChannel) -> None:
        """Close a channel of ours for good."""
        self._channels.remove(channel)
        await channel.close()

    @asynccontextmanager
    async def apart(self, prefetch: int) -> AsyncIterator[AbstractChannel]:
        """Open a channel on a connection of its own, for a while: what goes wrong there breaks nothing else.

        Raises the errors of aio_pika and TimeoutError.
        """
        connection = await aio_pika.connect(
            self._url,
            client_properties={"connection_name": f"{self._name} reads"},
            timeout=CONNECT_SECONDS,
        )
        try:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=prefetch)
            yield channel
        finally:
            await tried(connection.close(), CLOSE_SECONDS)

    async def declare_exchanges(self, *queues: Queue) -> None:
        """Declare what every process relies on and is not there: the exchanges, and the queue for what nobody could handle.

        And `queues`, which are the process's own. To look takes no right; who may declare an exchange may delete it.
        Raises BrokerError when our user may not declare them.
        """
        there = await self._there()
        channel = await self.publishing_channel()
        if not there:
            with _told_of_rights():
                for exchange in EXCHANGES:
                    await channel.declare_exchange(exchange.name, exchange.type, durable=True)
        for queue in queues if there else (PARKING, *queues):
            await declare_queue(channel, queue)
        await self.close(channel)

    async def _there(self) -> bool:
        async with self.apart(0) as channel:  # which a look at what is not there closes
            try:
                for exchange in EXCHANGES:
                    await channel.get_exchange(exchange.name)
                await channel.get_queue(PARKING.name)
            except ChannelNotFoundEntity:
                return False
        return True

    async def _watch(self) -> None:
        """Look for ever, and say when trouble begins and when it is over."""
        since = 0.0
        while True:
            trouble = await self._look()
            now = asyncio.get_running_loop().time()
            if trouble and not self._trouble:
                since = now
                log.warning("broker_unusable", reason=trouble)
            elif self._trouble and not trouble:
                log.warning("broker_usable", after_seconds=round(now - since, 1))
            self._trouble = trouble
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> str | None:
        if not (self._publishing.connected.is_set() and self._consuming.connected.is_set()):
            return "disconnected"
        if await _blocked(self._publishing):
            return "blocked"
        if self.unconfirmed.oldest > UNCONFIRMED_SECONDS:
            return "unconfirmed"
        return None

    async def _kept(self, channel: AbstractChannel) -> AbstractChannel:
        await channel.initialize()
        self._channels.append(channel)
        return channel

    async def _connect(self, purpose: str) -> AbstractRobustConnection:
        try:
            connection = await asyncio.wait_for(
                aio_pika.connect_robust(
                    self._url,
                    client_properties={"connection_name": f"{self._name} {purpose}"},
                    # Not all processes at once when a broker comes back.
                    reconnect_interval=random.uniform(0.5, 2.0),  # noqa: S311 (no secret)
                    timeout=CONNECT_SECONDS,  # of each attempt to come back, too
                ),
                CONNECT_SECONDS,
            )
        except (TimeoutError, OSError, aio_pika.exceptions.AMQPError) as error:
            where = f"{self._url.host}:{self._url.port}"
            raise BrokerError(f"cannot reach RabbitMQ at {where}: {type(error).__name__}") from error
        return connection


async def _blocked(connection: AbstractConnection) -> bool:
    """Whether the broker has said that it reads nothing from this connection for now."""
    if connection.transport is None:
        return False
    try:
        # aiormq keeps the fact to itself, but for this: who waits for a connection to be ready waits for its end.
        async with asyncio.timeout(0):
            await connection.transport.ready()
    except TimeoutError:
        return True
    return False


async def tried(wish: Awaitable[object], within: float) -> bool:
    """Whether the broker has done this within so many seconds: for the end of things, when it may be away."""
    task = asyncio.ensure_future(wish)
    await asyncio.wait({task}, timeout=within)
    task.cancel()
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task.done() and not task.cancelled() and task.exception() is None


async def declare_queue(channel: AbstractChannel, queue: Queue) -> AbstractQueue:
    """Declare a durable queue of the topology with its bindings. Raises BrokerError when our user may not."""
    with _told_of_rights():
        declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
        for exchange, key in queue.bindings:
            await declared.bind(exchange.name, key)
    return declared


@contextmanager
def _told_of_rights() -> Iterator[None]:
    try:
        yield
    except ChannelAccessRefused as error:
        raise BrokerError(f"RabbitMQ does not let us: {error}") from None
