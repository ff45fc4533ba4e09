"""Publish until the broker has confirmed: persistent, mandatory, and with patience through a reconnect."""

import asyncio
from collections.abc import Mapping
from typing import Self
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError

from ocppdiag_amqp.broker import Broker
from ocppdiag_amqp.errors import UnconfirmedError, UnroutableError
from ocppdiag_contracts.topology import EXCHANGES, Exchange

ATTEMPT_SECONDS = 5.0
PAUSE_SECONDS = 0.25
PATIENCE_SECONDS = 30.0


class Publisher:
    """One channel and its exchanges, held for life."""

    def __init__(self, channel: AbstractChannel, exchanges: Mapping[str, AbstractExchange]) -> None:
        self._channel = channel
        self._exchanges = exchanges

    @classmethod
    async def open(cls, broker: Broker) -> Self:
        """Open a publisher on the broker's publishing connection."""
        channel = await broker.publishing_channel()
        exchanges = {exchange.name: await channel.get_exchange(exchange.name) for exchange in EXCHANGES}
        return cls(channel, exchanges)

    async def publish(
        self,
        exchange: Exchange,
        key: str,
        body: bytes,
        *,
        message_id: str | None = None,
        type: str | None = None,  # noqa: A002 (AMQP's own name for it)
        mandatory: bool = True,
        persistent: bool = True,
        reply_to: str | None = None,
        headers: Mapping[str, str] | None = None,
        also: str | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Return once the broker has confirmed.

        `also` is a second routing key, which nobody who hears the message sees (RabbitMQ: sender-selected distribution).
        A publish that timed out may be stored all the same, so it is repeated under the same `message_id`.

        Raises:
            UnroutableError: `mandatory`, and no queue took it.
            UnconfirmedError: `patience` (seconds) is over.

        """
        message = Message(
            body,
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT if persistent else DeliveryMode.NOT_PERSISTENT,
            headers={**(headers or {}), **({"BCC": [also]} if also else {})},
            message_id=message_id or uuid4().hex,
            type=type,
            reply_to=reply_to,
        )
        target = self._exchanges[exchange.name]
        try:
            async with asyncio.timeout(patience):
                while not await self._attempt(target, message, key, mandatory=mandatory):  # noqa: ASYNC110 (a pause)
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise UnconfirmedError(
                f"{exchange.name} has not confirmed a message within {patience:g} s"
            ) from None

    async def _attempt(
        self, target: AbstractExchange, message: Message, key: str, *, mandatory: bool
    ) -> bool:
        """Try once; False means that trying again makes sense."""
        try:
            await target.publish(message, key, mandatory=mandatory, timeout=ATTEMPT_SECONDS)
        except PublishError:
            raise UnroutableError(f"nobody is bound to {target.name} for {key}") from None
        except (
            TimeoutError,
            DeliveryError,
            ChannelInvalidStateError,
            ConnectionError,
            AMQPError,
            RuntimeError,
        ):
            # A time-out of our own patience arrives as a cancellation, not here.
            return False
        return True
