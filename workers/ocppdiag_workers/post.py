"""What workers publish: events to whoever listens, orders to the gateway that holds the station."""

import asyncio

from msgspec import Raw, Struct

from ocppdiag_amqp import Broker, Lanes, Publisher
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import DEAD, EVENTS, GATEWAY, REPLIES, Exchange, event_key, reply_key
from ocppdiag_workers.letters import Letter

AT_ONCE = 64
"""Events whose confirms are waited for together."""


class Post:
    """Opened once for a process; everything returns when the broker has confirmed."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._down = Lanes(lambda node, body: publisher.publish(GATEWAY, node, body, persistent=False))

    @classmethod
    async def open(cls, broker: Broker) -> "Post":
        """Open it on the broker's publishing connection."""
        return cls(await Publisher.open(broker))

    async def tell(self, letters: tuple[Letter, ...], reply_to: str | None = None) -> None:
        """Publish events, the last of them once all others are confirmed; `reply_to` brings them to who sent the command.

        What is personal in them goes to `reply_to` only. An event that nobody listens for is nobody's loss. Raises
        UnconfirmedError.
        """
        if not letters:
            return
        *before, last = letters
        for start in range(0, len(before), AT_ONCE):
            await asyncio.gather(*(self._tell(each, reply_to) for each in before[start : start + AT_ONCE]))
        await self._tell(last, reply_to)

    async def _tell(self, letter: Letter, reply_to: str | None) -> None:
        also = reply_key(reply_to) if reply_to and letter.whole is None else None
        await self._publish(EVENTS, event_key(letter.event, letter.station), letter, letter.shown, also)
        if reply_to and letter.whole is not None:
            await self._publish(REPLIES, reply_to, letter, letter.whole)

    async def _publish(
        self, exchange: Exchange, key: str, letter: Letter, body: Raw, also: str | None = None
    ) -> None:
        await self._publisher.publish(
            exchange,
            key,
            bytes(body),
            message_id=letter.id,
            type=letter.event,
            mandatory=False,
            headers=letter.headers,
            also=also,
        )

    def order(self, node: str, order: Struct) -> "asyncio.Future[None]":
        """Send an order to a gateway.

        The future raises UnroutableError when the node is gone (the order was stored nowhere), or UnconfirmedError.
        """
        return self._down.put(node, link.encode(order))

    async def park(self, body: bytes, origin: str) -> None:
        """Put what nobody can handle before people."""
        await self._publisher.publish(DEAD, origin, body)

    async def close(self) -> None:
        """Send what is left."""
        await self._down.drained()
