"""Read the journal of ends: from a time or a former reading on, up to a mark that is put in when the reading begins."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
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

Take = Callable[[str, bytes], None]
"""Is handed the id of a message and its body."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reading has ended: at its own mark, which lies there and nowhere else."""

    mark: str
    offset: int


class Journal:
    """The journal of ends on the broker."""

    def __init__(self, broker: Broker, publisher: Publisher) -> None:
        self._broker = broker
        self._publisher = publisher

    async def read(self, start: float | Place, take: Take) -> Place:
        """Hand on all that was put in before this call and after `start`: seconds since 1970, or where a reading has ended.

        Raises:
            BrokerError: the reading did not come to its mark, or the journal is not the one that was read before:
                nothing is known, ask again, from a time.

        """
        mark = uuid4().hex
        await self._publisher.publish(GUARDS, ENDS_KEY, b"null", message_id=mark)
        former = start.mark if isinstance(start, Place) else None
        offset: FieldTable = {
            "x-stream-offset": start.offset
            if isinstance(start, Place)
            else datetime.fromtimestamp(start, UTC)
        }
        try:
            async with (
                asyncio.timeout(SILENCE_SECONDS) as patience,
                self._broker.apart(PREFETCH) as channel,
            ):
                reading = _Reading(take, mark, former, patience)
                queue = await channel.get_queue(ENDS.name, ensure=False)
                await queue.consume(reading.look, arguments=offset)
                return await reading.end
        except _TROUBLE as error:
            raise BrokerError(f"{ENDS.name} cannot be read now: {type(error).__name__}") from error


class _Reading:
    """One reading; `end` is where it has come to its mark. It begins at the mark of a former one, if there was one."""

    def __init__(self, take: Take, mark: str, former: str | None, patience: asyncio.Timeout) -> None:
        self.end: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._take = take
        self._mark = mark
        self._former = former
        self._patience = patience
        self._taken = 0

    async def look(self, message: AbstractIncomingMessage) -> None:
        # Nothing is awaited before the look: so the mark is looked at after all that lies before it.
        if self.end.done():
            return
        found = message.message_id or ""
        self._taken += 1
        if self._taken == 1 and self._former not in (None, found):
            self.end.set_exception(BrokerError(f"{ENDS.name} is not the one that was read before"))
        elif found == self._mark:
            self.end.set_result(Place(found, cast("int", message.headers["x-stream-offset"])))
        else:
            self._take(found, message.body)
        with suppress(*_TROUBLE):  # the reading is over, or its channel has gone
            self._patience.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
            if self._taken % (PREFETCH // 2) == 0:
                await message.ack(multiple=True)
