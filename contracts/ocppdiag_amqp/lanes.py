"""Group commit: one message per routing key under way, and what arrives meanwhile goes together in the next one.

No timer: a single record on an idle system leaves at once, under load the batches grow by themselves.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

import structlog

from ocppdiag_amqp import metrics
from ocppdiag_amqp.errors import UnconfirmedError
from ocppdiag_contracts.link import join

log = structlog.get_logger()

MOST_RECORDS = 256
MOST_BYTES = 64_000
MOST_WAITING_BYTES = 2**26
"""What all lanes together may hold while the broker is away; more is refused at once."""

Send = Callable[[str, bytes], Awaitable[None]]

Told = Callable[[Exception | None], None]
"""Hears of a record's end: None when the broker has confirmed it, else what sending raised. It must not raise itself."""


class _Waiting(NamedTuple):
    record: bytes
    told: Told
    until: float


class Lanes:
    """A lane per routing key, each there only while it has something to send.

    A record whose turn has not come within `patience` (seconds) is given up: nobody waits for it any more.
    """

    def __init__(self, send: Send, patience: float = float("inf")) -> None:
        self._send = send
        self._patience = patience
        self._lanes: dict[str, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._records = 0
        self._bytes = 0

    def put(self, key: str, record: bytes) -> "asyncio.Future[None]":
        """Queue a record; the future ends when the broker has confirmed its batch, or with what sending raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(error: Exception | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        self.post(key, record, told)
        return done

    def post(self, key: str, record: bytes, told: Told) -> None:
        """Queue a record and have its end told: it costs a future and a turn of the loop less than to wait for it."""
        if self._bytes + len(record) > MOST_WAITING_BYTES:
            told(UnconfirmedError(f"{self._records} records wait for the broker already"))
            return
        self._records += 1
        self._bytes += len(record)
        waiting = _Waiting(record, told, time.monotonic() + self._patience)
        if (lane := self._lanes.get(key)) is not None:
            lane.append(waiting)
        else:
            self._lanes[key] = deque([waiting])
            task = asyncio.create_task(self._drain(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def drained(self) -> None:
        """Wait until all lanes are empty."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self, within: float) -> int:
        """Wait until all lanes are empty; give up what is unconfirmed after `within` (seconds), and return its number."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.drained()
        unconfirmed = self._records
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        return unconfirmed

    async def _drain(self, key: str) -> None:
        lane = self._lanes[key]
        try:
            # One turn of the loop, so that what arrives in the same turn shares the first message too.
            await asyncio.sleep(0)
            while lane:
                self._give_up(lane)
                if batch := _take(lane):
                    await self._one_batch(key, batch)
        finally:
            del self._lanes[key]
            self._end(lane, UnconfirmedError("given up at the end of the process"))

    def _give_up(self, lane: deque[_Waiting]) -> None:
        now = time.monotonic()
        while lane and lane[0].until <= now:
            self._end([lane.popleft()], UnconfirmedError(f"no turn within {self._patience:g} s"))

    async def _one_batch(self, key: str, batch: list[_Waiting]) -> None:
        metrics.BATCH_RECORDS.observe(len(batch))
        error: Exception | None = UnconfirmedError("given up at the end of the process")
        try:
            await self._send(key, join([waiting.record for waiting in batch]))
            error = None
        except Exception as failure:  # noqa: BLE001 (whatever it is, those who wait must hear it)
            error = failure
        finally:
            self._end(batch, error)

    def _end(self, ended: Iterable[_Waiting], error: Exception | None) -> None:
        for record, told, _ in ended:
            self._records -= 1
            self._bytes -= len(record)
            told(error)


async def close_lanes(*several: Lanes, within: float) -> None:
    """Close what a process sends with, at its end, and say how much of it the broker has not confirmed."""
    if unconfirmed := sum(await asyncio.gather(*(lanes.close(within) for lanes in several))):
        log.warning("records_unconfirmed", count=unconfirmed)


def _take(lane: deque[_Waiting]) -> list[_Waiting]:
    batch: list[_Waiting] = []
    size = 0
    while (
        lane
        and len(batch) < MOST_RECORDS
        and ((size := size + len(lane[0].record)) <= MOST_BYTES or not batch)
    ):
        batch.append(lane.popleft())
    return batch
