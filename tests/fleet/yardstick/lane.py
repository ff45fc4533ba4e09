"""Group commit, as little as it takes: one message unconfirmed, and what arrives meanwhile goes together in the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

MOST_RECORDS = 256
MOST_BYTES = 64_000


class Lane:
    """The way to one queue. Records are JSON; they travel as an array of them."""

    def __init__(self, tasks: asyncio.TaskGroup, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._send = send
        self._waiting: deque[tuple[bytes, asyncio.Future[None] | None]] = deque()
        self._flowing = False

    def put(self, record: bytes, done: "asyncio.Future[None] | None" = None) -> None:
        """Queue a record; `done` ends when it is confirmed."""
        self._waiting.append((record, done))
        if not self._flowing:
            self._flowing = True
            self._tasks.create_task(self._flow())

    async def _flow(self) -> None:
        while self._waiting:
            records: list[bytes] = []
            confirmed: list[asyncio.Future[None]] = []
            size = 0
            while self._waiting and len(records) < MOST_RECORDS and size < MOST_BYTES:
                record, done = self._waiting.popleft()
                records.append(record)
                size += len(record)
                if done:
                    confirmed.append(done)
            await self._send(b"[%b]" % b",".join(records))
            for done in confirmed:
                done.set_result(None)
        self._flowing = False
