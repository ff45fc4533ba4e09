"""What workers publish: events to whoever listens, orders to the gateway that holds the station."""

import asyncio

from msgspec import Struct

from ocppdiag_amqp import Broker, Lanes, Publisher
from ocppdiag_contracts import cloud_events, link
from ocppdiag_contracts.events import Event
from ocppdiag_contracts.topology import DEAD, EVENTS, GATEWAY, REPLIES, Exchange, event_key, reply_key


class Post:
    """Opened once for a process; everything returns when the broker has confirmed."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._down = Lanes(lambda node, body: publisher.publish(GATEWAY, node, body, persistent=False))

    @classmethod
    async def open(cls, broker: Broker) -> "Post":
        """Open it on the broker's publishing connection."""
        return cls(await Publisher.open(broker))

    async def tell(self, events: tuple[Event, ...], reply_to: str | None = None) -> None:
        """Publish events, the last of them once all others are confirmed; `reply_to` brings them to who sent the command.

        What is personal in them goes to `reply_to` only. An event that nobody listens for is nobody's loss. Raises
        UnconfirmedError.
        """
        await asyncio.gather(*(self._tell(event, reply_to) for event in events[:-1]))
        for last in events[-1:]:
            await self._tell(last, reply_to)

    async def _tell(self, event: Event, reply_to: str | None) -> None:
        shown = event.for_all()
        also = reply_key(reply_to) if reply_to and shown is event else None
        await self._publish(EVENTS, event_key(event.event, event.station), shown, also)
        if reply_to and shown is not event:
            await self._publish(REPLIES, reply_to, event)

    async def _publish(self, exchange: Exchange, key: str, event: Event, also: str | None = None) -> None:
        await self._publisher.publish(
            exchange,
            key,
            event.model_dump_json().encode(),
            message_id=event.id,
            type=event.event,
            mandatory=False,
            headers=cloud_events.headers(event, cloud_events.WORKERS),
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
