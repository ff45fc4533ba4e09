"""What workers publish: events to whoever listens, orders to the gateway that holds the station."""

import asyncio

from msgspec import Struct

from ocppdiag_amqp import Broker, Lanes, Publisher
from ocppdiag_contracts import link
from ocppdiag_contracts.events import Event
from ocppdiag_contracts.topology import DEAD, EVENTS, GATEWAY, event_key, reply_key


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
        """Publish events in their order; `reply_to` brings them to who sent the command as well.

        An event that nobody listens for is nobody's loss. Raises UnconfirmedError.
        """
        for event in events:
            await self._publisher.publish(
                EVENTS,
                event_key(event.event, event.station),
                event.model_dump_json().encode(),
                message_id=event.id,
                type=event.event,
                mandatory=False,
                also=reply_key(reply_to) if reply_to else None,
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
