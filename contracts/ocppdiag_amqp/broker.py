"""A process's two connections to RabbitMQ: one publishes, one consumes, so that a blocked publisher still acks."""

import asyncio
import random
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractQueue, AbstractRobustConnection
from yarl import URL

from ocppdiag_amqp.errors import BrokerError
from ocppdiag_contracts.topology import EXCHANGES, PARKING, Queue

HEARTBEAT_SECONDS = 10
"""A broker that hangs is noticed after three of these (aiormq waits `(heartbeat + 1) * 3`)."""

CONNECT_SECONDS = 15


class Broker:
    """An open pair of connections, restored by aio-pika when they break.

    Use it as an async context manager. Raises BrokerError when the broker cannot be reached at the start.
    """

    def __init__(self, url: str, *, name: str) -> None:
        self._url = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS)
        self._name = name
        self._exit = AsyncExitStack()
        self._channels: list[AbstractChannel] = []  # aio-pika restores only channels that somebody holds

    async def __aenter__(self) -> Self:
        self._publishing = await self._connect("publishes")
        try:
            self._consuming = await self._connect("consumes")
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    @property
    def usable(self) -> bool:
        """Whether both connections stand now."""
        return all(connection.connected.is_set() for connection in (self._publishing, self._consuming))

    async def publishing_channel(self) -> AbstractChannel:
        """Open a channel with confirms, on which an unroutable message raises."""
        return await self._kept(self._publishing.channel(publisher_confirms=True, on_return_raises=True))

    async def consuming_channel(self, prefetch: int) -> AbstractChannel:
        """Open a channel that holds at most `prefetch` unsettled messages."""
        channel = await self._kept(self._consuming.channel())
        await channel.set_qos(prefetch_count=prefetch)
        return channel

    async def declare_exchanges(self) -> None:
        """Declare what every process relies on: the exchanges, and the queue for what nobody could handle."""
        channel = await self.publishing_channel()
        for exchange in EXCHANGES:
            await channel.declare_exchange(exchange.name, exchange.type, durable=True)
        await declare_queue(channel, PARKING)
        await channel.close()
        self._channels.remove(channel)

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
                ),
                CONNECT_SECONDS,
            )
        except (TimeoutError, OSError, aio_pika.exceptions.AMQPError) as error:
            where = f"{self._url.host}:{self._url.port}"
            raise BrokerError(f"cannot reach RabbitMQ at {where}: {type(error).__name__}") from error
        self._exit.push_async_callback(connection.close)
        return connection


async def declare_queue(channel: AbstractChannel, queue: Queue) -> AbstractQueue:
    """Declare a durable queue of the topology with its bindings."""
    declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
    for exchange, key in queue.bindings:
        await declared.bind(exchange.name, key)
    return declared
