"""Open operations in Redis as a worker leaves them there: GetLogs that wait for stations that are away.

The worker's own functions write them, but from here: as commands, a hundred thousand would take minutes. What is left
out is on the broker, the guard of each.
"""

import asyncio
import time
from datetime import timedelta

from ground import Fleet
from msgspec.structs import replace

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.commands.command import IfOffline
from ocppdiag_contracts.events import Waiting
from ocppdiag_contracts.model import now
from ocppdiag_redis import keys
from ocppdiag_workers.begin import begin
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation
from ocppdiag_workers.table import Table

EACH = 10
"""Operations of one station."""

AT_ONCE = 200
LASTING = timedelta(days=1)
WORK = Table(FEATURES).works["get_log"]


class Shelf:
    """Operations that nothing happens to, but that they are there."""

    def __init__(self, running: Fleet) -> None:
        self._redis = running.redis
        self._memory = Memory(running.redis)
        self._held: list[Operation] = []

    async def hold(self, many: int) -> None:
        """Have so many there, no more and no fewer."""
        store = await self._memory.origin.store()
        while (missing := many - len(self._held)) > 0:
            first = len(self._held)
            numbers = range(first, first + min(missing, AT_ONCE))
            self._held += await asyncio.gather(*(self._add(number, store) for number in numbers))
        while surplus := self._held[many:][-AT_ONCE:]:
            await asyncio.gather(*map(self._remove, surplus))
            del self._held[-len(surplus) :]

    async def _add(self, number: int, store: str) -> Operation:
        command = GetLog(
            station=f"AWAY-{number // EACH}", if_offline=IfOffline.WAIT, deadline=now() + LASTING
        )
        at = time.time()
        step = begin(
            command,
            command.model_dump_json(exclude_none=True).encode(),
            None,
            user=None,
            work=WORK,
            lease=None,
            number=await self._memory.next_request_id(command.station),
            now=at,
            waits=Waiting.NOT_CONNECTED,
        )
        operation = replace(step.operation, store=store)
        await self._memory.wake_later(operation.station, operation.id, operation.wake_at)
        # Its events are not there any more, as when the broker has confirmed them.
        if not await self._memory.commit(operation, (), 0, at):
            raise RuntimeError(f"{operation.id} was there before")
        return operation

    async def _remove(self, operation: Operation) -> None:
        station, family = operation.station, operation.family or ""
        await asyncio.gather(
            self._memory.wake_never(station, operation.id),
            self._redis.run(
                "UNLINK",
                keys.operation(station, operation.id),
                keys.request(station, family, operation.request_id),
                keys.open_operations(station),
                keys.waiting(station),
                keys.request_ids(station),
            ),
        )
