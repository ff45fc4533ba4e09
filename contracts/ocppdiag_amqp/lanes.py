"""Group commit: one message per routing key under way, and what arrives meanwhile goes together in the next one.

No timer: a single record on an idle system leaves at once, under load the batches grow by themselves.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from ocppdiag_amqp.errors import UnconfirmedError
from ocppdiag_contracts.link import join

MOST_RECORDS = 256
MOST_BYTES = 64_000
MOST_WAITING_BYTES = 2**26
"""What may wait in a lane while the broker is away; more is refused at once."""

Send = Callable[[str, bytes], Awaitable[None]]


class Lanes:
    """A lane per routing key, each there only while it has something to send."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lanes: dict[str, deque[tuple[bytes, asyncio.Future[None]]]] = {}
        self._waiting: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: str, record: bytes) -> "asyncio.Future[None]":
        """Queue a record; the future ends when the broker has confirmed its batch, or with what sending raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key, 0) + len(record)
        if waiting > MOST_WAITING_BYTES:
            done.set_exception(UnconfirmedError(f"{MOST_WAITING_BYTES} bytes wait for the broker already"))
            return done
        self._waiting[key] = waiting
        if (lane := self._lanes.get(key)) is not None:
            lane.append((record, done))
        else:
            self._lanes[key] = deque([(record, done)])
            task = asyncio.create_task(self._drain(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return done

    async def drained(self) -> None:
        """Wait until all lanes are empty."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _drain(self, key: str) -> None:
        lane = self._lanes[key]
        # One turn of the loop, so that what arrives in the same turn shares the first message too.
        await asyncio.sleep(0)
        try:
            while lane:
                batch = _take(lane)
                self._waiting[key] -= sum(len(record) for record, _ in batch)
                await self._one_batch(key, batch)
        finally:
            del self._lanes[key], self._waiting[key]

    async def _one_batch(self, key: str, batch: "list[tuple[bytes, asyncio.Future[None]]]") -> None:
        error: Exception | None = None
        try:
            await self._send(key, join([record for record, _ in batch]))
        except Exception as failure:  # noqa: BLE001 (whatever it is, those who wait must hear it)
            error = failure
        for _, done in batch:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


def _take(lane: "deque[tuple[bytes, asyncio.Future[None]]]") -> "list[tuple[bytes, asyncio.Future[None]]]":
    batch = [lane.popleft()]
    size = len(batch[0][0])
    while lane and len(batch) < MOST_RECORDS and (size := size + len(lane[0][0])) <= MOST_BYTES:
        batch.append(lane.popleft())
    return batch
