"""Look message ids up in the journal of ends: read from a time on, up to a mark that is put in when the reading begins."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import FieldTable

from ocppdiag_amqp.broker import GONE, Broker
from ocppdiag_amqp.errors import BrokerError
from ocppdiag_amqp.publisher import Publisher
from ocppdiag_contracts.topology import ENDS, ENDS_KEY, GUARDS

PREFETCH = 16
"""Messages held at a time: one may have megabytes, and with more of them the reading is no faster."""

SILENCE_SECONDS = 5.0
"""A journal that says nothing for so long is cut off: up to the mark there is always more to come."""

_TROUBLE = (*GONE, OSError, TimeoutError)


class Journal:
    """The journal of ends on the broker."""

    def __init__(self, broker: Broker, publisher: Publisher) -> None:
        self._broker = broker
        self._publisher = publisher

    async def find(self, wanted: frozenset[str], since: float) -> dict[str, bytes]:
        """Return the bodies, by message id, of those that were put in after `since` (seconds since 1970) and before this call.

        Raises:
            BrokerError: the reading did not come to the mark: nothing is known, ask again.

        """
        mark = uuid4().hex
        await self._publisher.publish(GUARDS, ENDS_KEY, b"null", message_id=mark)
        offset: FieldTable = {"x-stream-offset": datetime.fromtimestamp(since, UTC)}
        try:
            async with (
                asyncio.timeout(SILENCE_SECONDS) as patience,
                self._broker.apart(PREFETCH) as channel,
            ):
                reading = _Reading(wanted, mark, patience)
                queue = await channel.get_queue(ENDS.name, ensure=False)
                await queue.consume(reading.look, arguments=offset)
                await reading.done.wait()
        except _TROUBLE as error:
            raise BrokerError(f"{ENDS.name} cannot be read now: {type(error).__name__}") from error
        return reading.found


class _Reading:
    """One reading; `done` when it has come to its mark."""

    def __init__(self, wanted: frozenset[str], mark: str, patience: asyncio.Timeout) -> None:
        self.done = asyncio.Event()
        self.found: dict[str, bytes] = {}
        self._wanted = wanted
        self._mark = mark
        self._patience = patience
        self._taken = 0

    async def look(self, message: AbstractIncomingMessage) -> None:
        # Nothing is awaited before the look: so the mark is looked at after all that lies before it.
        if self.done.is_set():
            return
        self._taken += 1
        if message.message_id in self._wanted:
            self.found[message.message_id] = message.body
        elif message.message_id == self._mark:
            self.done.set()
        with suppress(*_TROUBLE):  # the reading is over, or its channel has gone
            self._patience.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
            if self._taken % (PREFETCH // 2) == 0:
                await message.ack(multiple=True)
