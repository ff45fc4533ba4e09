"""Publish until the broker has confirmed: persistent, mandatory, and with patience through a reconnect."""

import asyncio
from collections.abc import Mapping
from typing import Any, Self, cast
from uuid import uuid4

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import DeliveryError, PublishError
from aiormq import Channel
from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed

from ocppdiag_amqp import metrics
from ocppdiag_amqp.broker import GONE, Broker
from ocppdiag_amqp.errors import UnconfirmedError, UnroutableError
from ocppdiag_amqp.message import Message
from ocppdiag_contracts.topology import Exchange

PAUSE_SECONDS = 0.25
PATIENCE_SECONDS = 30.0
AFRESH_SECONDS = 1.0
"""How often a channel on which publishes are refused is replaced."""

FULL_SECONDS = 0.01
"""How soon a write is tried again that a connection does not take, which is about to be given up."""


class Publisher:
    """One channel, held for as long as the broker takes what comes on it.

    RabbitMQ 3.10 goes on refusing a channel that has met a quorum queue without its leader, whatever has become of
    the queue since, until the leader's node is back; a new channel finds the new leader.
    """

    def __init__(self, broker: Broker, channel: AbstractChannel) -> None:
        self._broker = broker
        self._channel = channel
        self._press: _Press | None = None
        self._afresh_at = 0.0

    @classmethod
    async def open(cls, broker: Broker) -> Self:
        """Open a publisher on the broker's publishing connection."""
        return cls(broker, await broker.publishing_channel())

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
        signed: bool = False,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Return once the broker has confirmed.

        `also` is a second routing key, which nobody who hears the message sees (RabbitMQ: sender-selected distribution).
        `signed`: with our user as its `user_id`, which the broker takes from nobody else.
        It is repeated, under the same `message_id`, when the broker refused it or the connection went: it may be stored
        all the same. On a connection that stands its confirm is waited for, because each repeat would be one more copy.

        Raises:
            UnroutableError: `mandatory`, and no queue took it.
            UnconfirmedError: `patience` (seconds) is over.

        """
        message = Message(
            exchange.name,
            key,
            body,
            message_id or uuid4().hex,
            mandatory=mandatory,
            persistent=persistent,
            content_type=content_type,
            type=type,
            reply_to=reply_to,
            user_id=self._broker.user if signed else None,
            headers=headers,
            also=also,
        )
        refusal = ""
        with self._broker.unconfirmed.publishing(exchange.name):
            try:
                async with asyncio.timeout(patience):
                    while (why := await self._attempt(message)) is not None:
                        refusal = why or refusal
                        await asyncio.sleep(PAUSE_SECONDS)
            except TimeoutError:
                text = f"{exchange.name} has not confirmed a message within {patience:g} s"
                raise UnconfirmedError(f"{text} ({refusal})" if refusal else text) from None

    async def _attempt(self, message: Message) -> str | None:
        """Try once, for as long as the channel stands; a text means that trying again makes sense, as far as it says.

        A channel that was closed for being refused a right need not have been refused it for this message.
        """
        # aio-pika gives up a channel that is closed again while it restores it.
        if self._channel.is_closed and self._broker.connected:
            await self._go_on_afresh()
        try:
            channel = cast("Channel", await self._channel.get_underlay_channel())
            if self._press is None or self._press.channel is not channel:
                self._press = _Press(channel)
            await self._press.put(message)
        except PublishError:
            raise UnroutableError(f"nobody is bound to {message.exchange} for {message.key}") from None
        except DeliveryError:
            metrics.REFUSALS.add()
            await self._go_on_afresh()
            return ""
        except (ChannelAccessRefused, ChannelPreconditionFailed) as error:
            return str(error)
        except GONE:
            return ""
        except asyncio.CancelledError:
            # Also how pending confirms end when aiormq gives up a connection that hangs, which is nobody's wish.
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            return ""
        return None

    async def _go_on_afresh(self) -> None:
        """Put a new channel in the place of one on which a publish was refused, or which is gone for good.

        What waits for its confirm on the old one is repeated on the new one.
        """
        now = asyncio.get_running_loop().time()
        if now < self._afresh_at:
            return
        self._afresh_at = now + AFRESH_SECONDS
        try:
            old, self._channel = self._channel, await self._broker.publishing_channel()
            await self._broker.close(old)
        except GONE:  # or the connection is, which aio-pika restores
            return


class _Press:
    """All that is published on a channel in one turn of the loop, in one write.

    It does for many messages what aiormq's `basic_publish` does for one, and leaves it to aiormq to hear the broker's
    answers: in a channel's lifetime, nobody else publishes on it. That is a quarter of the CPU here, and half of the
    broker's, which reads them as they were written.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._turn: list[tuple[Message, bytes, asyncio.Future[Any]]] = []

    def put(self, message: Message) -> "asyncio.Future[Any]":
        """Publish it at the end of this turn; the future ends, and raises, as `basic_publish` does."""
        frames = message.frames(self.channel.number, self.channel.max_content_size)
        confirmed = self.channel.create_future()  # which ends with the channel, too
        if not self._turn:
            self.channel.loop.call_soon(self._write)
        self._turn.append((message, frames, confirmed))
        return confirmed

    def _write(self) -> None:
        channel = self.channel
        # Of those that are done, the publish was cancelled, or the channel is closed.
        self._turn = [each for each in self._turn if not each[2].done()]
        if not self._turn:
            return
        if channel.write_queue.full():
            channel.loop.call_later(FULL_SECONDS, self._write)
            return
        for message, _, confirmed in self._turn:
            channel.delivery_tag += 1
            channel.confirmations[channel.delivery_tag] = confirmed
            if message.mandatory:
                self._expect(message.message_id, channel.delivery_tag, confirmed)
        payload = b"".join(frames for _, frames, _ in self._turn)
        channel.write_queue.put_nowait(ChannelFrame(payload, should_close=False))
        self._turn = []

    def _expect(self, message_id: str, tag: int, confirmed: "asyncio.Future[Any]") -> None:
        """Have a message known by its id should it come back, which is before it is confirmed."""
        tags = self.channel.message_id_delivery_tag
        tags[message_id] = tag

        def forget(_: object) -> None:
            if tags.get(message_id) == tag:
                del tags[message_id]

        confirmed.add_done_callback(forget)
