"""What workers publish: events to whoever listens, orders to the gateway that holds the station."""

import asyncio

import structlog
from msgspec import Raw, Struct

from ocppdiag_amqp import Delivery, Lanes, Publisher, close_lanes, park
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import EVENTS, GATEWAY, GUARDS, REPLIES, Exchange, event_key, reply_key
from ocppdiag_workers import metrics
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.withheld import is_secret, stub

log = structlog.get_logger()

AT_ONCE = 64
"""Events whose confirms are waited for together."""

CLOSE_SECONDS = 3.0


class Post:
    """Opened once for a process; everything returns when the broker has confirmed."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._down = Lanes(lambda node, body: publisher.publish(GATEWAY, node, body, persistent=False))
        self._resting = Lanes(lambda rung, body: publisher.publish(GUARDS, rung, body))

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

    async def answer(self, letter: Letter, reply_to: str) -> None:
        """Tell an event to who sent the command, and to nobody else. Raises UnconfirmedError."""
        await self._publish(REPLIES, reply_to, letter, letter.whole or letter.shown)

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

    def guard(self, guard: Guard, now: float) -> "asyncio.Future[None]":
        """Put a guard to rest, for as long as it is time; the future raises UnconfirmedError."""
        return self._resting.put(str(guard.rung(now)), link.encode(guard))

    async def park(self, delivery: Delivery, body: bytes, reason: str) -> None:
        """Put what nobody can handle of a delivery before people: as a stub if it may hold a secret.

        Raises UnconfirmedError.
        """
        metrics.parked(reason)
        withheld = is_secret(body)
        log.warning("message_parked", queue=delivery.queue, reason=reason, withheld=withheld)
        shown = stub(body, reason) if withheld else body
        await park(self._publisher, delivery, shown, reason, withheld=withheld)

    async def close(self) -> None:
        """Send what is left, as far as the broker takes it within 3 s."""
        await close_lanes(self._down, self._resting, within=CLOSE_SECONDS)
