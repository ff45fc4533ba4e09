"""Publish until the broker has confirmed: persistent, mandatory, and with patience through a reconnect."""

import asyncio
from collections.abc import Mapping
from typing import Self
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import PublishError

from ocppdiag_amqp.broker import GONE, Broker
from ocppdiag_amqp.errors import UnconfirmedError, UnroutableError
from ocppdiag_contracts.topology import EXCHANGES, Exchange

PAUSE_SECONDS = 0.25
PATIENCE_SECONDS = 30.0


class Publisher:
    """One channel and its exchanges, held for life."""

    def __init__(
        self, broker: Broker, channel: AbstractChannel, exchanges: Mapping[str, AbstractExchange]
    ) -> None:
        self._broker = broker
        self._channel = channel
        self._exchanges = exchanges

    @classmethod
    async def open(cls, broker: Broker) -> Self:
        """Open a publisher on the broker's publishing connection."""
        channel = await broker.publishing_channel()
        exchanges = {exchange.name: await channel.get_exchange(exchange.name) for exchange in EXCHANGES}
        return cls(broker, channel, exchanges)

    async def publish(
        self,
        exchange: Exchange,
        key: str,
        body: bytes,
        *,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002 (AMQP's own name for it)
        content_type: str | None = "application/json",
        mandatory: bool = True,
        persistent: bool = True,
        reply_to: str | None = None,
        headers: Mapping[str, str] | None = None,
        also: str | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Return once the broker has confirmed.

        `also` is a second routing key, which nobody who hears the message sees (RabbitMQ: sender-selected distribution).
        It is repeated, under the same `message_id`, when the broker refused it or the connection went: it may be stored
        all the same. On a connection that stands its confirm is waited for, because each repeat would be one more copy.

        Raises:
            UnroutableError: `mandatory`, and no queue took it.
            UnconfirmedError: `patience` (seconds) is over.

        """
        message = Message(
            body,
            content_type=content_type,
            delivery_mode=DeliveryMode.PERSISTENT if persistent else DeliveryMode.NOT_PERSISTENT,
            headers={**(headers or {}), **({"BCC": [also]} if also else {})},
            message_id=message_id or uuid4().hex,
            type=type,
            reply_to=reply_to,
        )
        target = self._exchanges[exchange.name]
        with self._broker.publishing():
            try:
                async with asyncio.timeout(patience):
                    while not await _attempt(target, message, key, mandatory=mandatory):  # noqa: ASYNC110 (a pause)
                        await asyncio.sleep(PAUSE_SECONDS)
            except TimeoutError:
                raise UnconfirmedError(
                    f"{exchange.name} has not confirmed a message within {patience:g} s"
                ) from None


async def _attempt(target: AbstractExchange, message: Message, key: str, *, mandatory: bool) -> bool:
    """Try once, for as long as the channel stands; False means that trying again makes sense."""
    try:
        await target.publish(message, key, mandatory=mandatory)
    except PublishError:
        raise UnroutableError(f"nobody is bound to {target.name} for {key}") from None
    except GONE:  # or refused, which aiormq puts under the same name
        return False
    except asyncio.CancelledError:
        # Also how pending confirms end when aiormq gives up a connection that hangs, which is nobody's wish.
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        return False
    return True
