"""Decisions of several messages are taken together: what comes while some are being taken is taken next, as one batch.

So two pieces of news for one operation that are here at the same time do not write against each other either.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context

from msgspec import Struct

from ocppdiag_workers.decide import Decision
from ocppdiag_workers.together import Taken
from ocppdiag_workers.trouble import passes

AT_ONCE = 256
"""Decisions in a batch, when one message does not bring more."""

Take = Callable[[Sequence[Decision]], Awaitable[list[Taken | None]]]


class _Message(Struct, frozen=True, eq=False):
    """What one message asks for, each of another station, and who waits for it."""

    decisions: Sequence[Decision]
    stations: frozenset[str]
    taken: "asyncio.Future[list[Taken | None]]"


class Gathering:
    """One batch under way at a time; nothing is kept of what was taken."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._waiting: deque[_Message] = deque()
        self._taking: asyncio.Task[None] | None = None
        self._context = copy_context()  # a log line of the batch is not to name who happened to begin it

    async def take(self, decisions: Sequence[Decision]) -> list[Taken | None]:
        """Take decisions of different stations, each station's in the order of the calls. Raises what `take` raises of them."""
        taken: asyncio.Future[list[Taken | None]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Message(decisions, frozenset(each.station for each in decisions), taken))
        if self._taking is None:
            self._taking = asyncio.create_task(self._take_all(), context=self._context)
        return await taken

    async def _take_all(self) -> None:
        batch: list[_Message] = []
        try:
            while self._waiting:
                batch = self._next()
                await self._take_batch(batch)
        except BaseException as error:  # the end of the process: nobody is to wait for ever
            for message in (*batch, *self._waiting):
                if not message.taken.done():
                    message.taken.set_exception(error)
            self._waiting.clear()
            raise
        finally:
            self._taking = None

    def _next(self) -> list[_Message]:
        """The first messages that have no station in common; the others stay, in their order."""
        batch: list[_Message] = []
        left: deque[_Message] = deque()
        stations = set[str]()
        many = 0
        while self._waiting and (not batch or many + len(self._waiting[0].decisions) <= AT_ONCE):
            message = self._waiting.popleft()
            if stations.isdisjoint(message.stations):
                batch.append(message)
                many += len(message.decisions)
            else:
                left.append(message)
            stations |= message.stations
        self._waiting.extendleft(reversed(left))
        return batch

    async def _take_batch(self, batch: list[_Message]) -> None:
        """Take them together; where one of them is at fault, each meets its own."""
        try:
            taken = iter(await self._take([each for message in batch for each in message.decisions]))
        except Exception as error:  # noqa: BLE001 (whatever it is, who waits must hear it)
            if len(batch) == 1 or passes(error):
                for message in batch:
                    if not message.taken.done():
                        message.taken.set_exception(error)
                return
            for message in batch:
                await self._take_batch([message])
        else:
            for message in batch:
                own = [next(taken) for _ in message.decisions]
                if not message.taken.done():
                    message.taken.set_result(own)
