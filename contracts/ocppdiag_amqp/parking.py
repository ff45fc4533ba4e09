"""What nobody could handle: put aside with its reason, looked at without harm, and taken out when it is dealt with."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from ocppdiag_amqp.broker import GONE, Broker
from ocppdiag_amqp.consumer import SENT_FOR, Delivery
from ocppdiag_amqp.errors import BrokerError
from ocppdiag_amqp.publisher import Publisher
from ocppdiag_contracts.model import as_text, now
from ocppdiag_contracts.topology import DEAD, PARKING, Exchange

GET_SECONDS = 10.0
LONGEST_REASON = 1000
LARGEST_HEADERS = 8192
"""The sender's headers are kept up to here, in characters: with more of them, ours would not fit into a frame."""

_OURS = "parked_"
"""What our own headers begin with."""

_BY_BROKER = {
    "delivery_limit": "the broker has given up after too many deliveries",
    "rejected": "rejected without a reason",
}


class ParkError(Exception):
    """Nobody can ever handle this message: it is parked with this text, which repeats no value of it, as the reason."""


async def park(
    publisher: Publisher, delivery: Delivery, body: bytes, reason: str, *, withheld: bool = False
) -> None:
    """Put aside a delivery, or what is left of it, with the way it had come; returns once the broker has confirmed.

    `withheld` says that the body is only a stub of what came. Raises UnconfirmedError.
    """
    ours = {
        "reason": reason[:LONGEST_REASON],
        "at": as_text(now()),
        "queue": delivery.queue,
        "exchange": delivery.exchange,
        "key": delivery.routing_key,
        "deliveries": str(delivery.attempts + 1),
        **({"user": delivery.user_id} if delivery.user_id else {}),
        **({"withheld": "yes"} if withheld else {}),
    }
    theirs = {} if withheld else _kept(delivery.headers)
    await publisher.publish(
        DEAD,
        delivery.queue,
        body,
        message_id=delivery.message_id,
        type=delivery.type,
        content_type=delivery.content_type,
        reply_to=delivery.reply_to,
        headers={**theirs, **{_OURS + name: text for name, text in ours.items()}},
    )


def _kept(headers: Mapping[str, object]) -> dict[str, str]:
    """Keep what a sender may have set and a broker does not read (such as CC, which is a list)."""
    kept = {
        name: text
        for name, text in headers.items()
        if isinstance(text, str) and not name.startswith(("x-", _OURS))
    }
    return kept if sum(len(name) + len(text) for name, text in kept.items()) <= LARGEST_HEADERS else {}


@dataclass(frozen=True, slots=True)
class Parked:
    """A message as it lies there.

    `queue` is the one that it could not be handled from; `exchange` and `key` are how it had come there, None where
    that is not known. `deliveries` is how often it was delivered, None where the broker has put it here. `user` is who
    had sent it, if it said so.
    """

    id: str
    at: datetime | None
    reason: str
    queue: str
    exchange: str | None
    key: str
    deliveries: int | None
    withheld: bool
    body: bytes
    message_id: str | None
    type: str | None
    content_type: str | None
    reply_to: str | None
    headers: Mapping[str, str]
    user: str | None = None


class Held:
    """A parked message in our hands: it goes back when the block of its Parking ends, unless it was taken out."""

    def __init__(self, message: AbstractIncomingMessage, publisher: Publisher) -> None:
        self.parked = _read(message)
        self._message = message
        self._publisher = publisher

    async def send(
        self,
        exchange: Exchange,
        body: bytes,
        *,
        message_id: str | None,
        headers: Mapping[str, str],
    ) -> None:
        """Send it the way it had come, in this shape and as ours; it is taken out once the broker has confirmed.

        Between the two we may fall, and then it is sent again by who looks next.

        Raises:
            UnroutableError: nobody takes such messages; it stays.
            UnconfirmedError: it may be stored; it stays.
            BrokerError: it was sent, and could not be taken out.

        """
        await self._publisher.publish(
            exchange,
            self.parked.key,
            body,
            message_id=message_id,
            type=self.parked.type,
            content_type=self.parked.content_type,
            reply_to=self.parked.reply_to,
            headers={**headers, SENT_FOR: self._senders()},
            signed=True,  # the broker lets nobody use the name of who had sent it
        )
        await self.drop()

    def _senders(self) -> str:
        earlier = self.parked.headers.get(SENT_FOR)
        return "\n".join((*(() if earlier is None else (earlier,)), self.parked.user or ""))

    async def drop(self) -> None:
        """Take it out for good. Raises BrokerError."""
        try:
            await self._message.ack()
        except GONE as error:
            raise BrokerError(f"the way to RabbitMQ broke: {type(error).__name__}") from error


class Parking:
    """The parked messages, open to be looked at: whoever else looks meanwhile does not see those that we hold."""

    def __init__(self, queue: AbstractQueue, publisher: Publisher) -> None:
        self._queue = queue
        self._publisher = publisher
        self.count = queue.declaration_result.message_count or 0
        """How many there are, at the beginning."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Look until the block ends, or the process: then what was not taken out goes back. Raises BrokerError."""
        async with Broker(url, name="ocppdiag parking") as broker:
            await broker.declare_exchanges()
            channel = await broker.consuming_channel(0)
            yield cls(await channel.get_queue(PARKING.name), await Publisher.open(broker))
            await channel.close()

    async def messages(self, most: int | None = None) -> AsyncIterator[Held]:
        """Yield each that was there at the beginning, at most so many; those never looked at in the order they came.

        What comes meanwhile, such as what is sent and fails again, is not among them. Raises BrokerError.
        """
        for _ in range(self.count if most is None else min(most, self.count)):
            try:
                message = await self._queue.get(fail=False, timeout=GET_SECONDS)
            except (*GONE, TimeoutError) as error:
                raise BrokerError(f"the way to RabbitMQ broke: {type(error).__name__}") from error
            if message is None:  # somebody else holds the rest
                return
            yield Held(message, self._publisher)


def _read(message: AbstractIncomingMessage) -> Parked:
    death = _death(message)
    texts = {name: text for name, text in message.headers.items() if isinstance(text, str)}
    ours = {name.removeprefix(_OURS): text for name, text in texts.items() if name.startswith(_OURS)}
    said = _said_by_broker(death) if death else ours
    deliveries = said.get("deliveries", "")
    return Parked(
        id=_name(message, said),
        at=_moment(said.get("at", "")),
        reason=said.get("reason", "none is given"),
        queue=said.get("queue", ""),
        exchange=said.get("exchange"),
        key=said.get("key", ""),
        deliveries=int(deliveries) if deliveries.isdecimal() else None,
        withheld="withheld" in said,
        body=message.body,
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        reply_to=message.reply_to,
        headers=_kept(texts),
        user=message.user_id if death else ours.get("user"),
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # anybody may have put it here
        return None
    return moment if moment.tzinfo else None


def _death(message: AbstractIncomingMessage) -> dict[str, Any] | None:
    """What the broker says if it was the one that put the message here; what we put aside has none of it."""
    deaths = message.headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else None
    return first if isinstance(first, dict) else None


def _said_by_broker(death: dict[str, Any]) -> dict[str, str]:
    why, keys, at = str(death.get("reason")), death.get("routing-keys"), death.get("time")
    said = {
        "reason": _BY_BROKER.get(why, f"dead-lettered by the broker: {why}"),
        "queue": str(death.get("queue", "")),
        "exchange": str(death.get("exchange", "")),
        "key": str(keys[0]) if isinstance(keys, list) and keys else "",
    }
    return {**said, "at": as_text(at)} if isinstance(at, datetime) else said


def _name(message: AbstractIncomingMessage, said: Mapping[str, str]) -> str:
    """Name a message by what stays the same at each delivery."""
    digest = hashlib.sha256()
    for part in (message.message_id, said.get("at"), said.get("exchange"), said.get("key")):
        digest.update(f"{part}\0".encode())
    digest.update(message.body)
    return digest.hexdigest()[:10]
