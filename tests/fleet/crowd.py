"""A crowd of stations in a process of its own: it does what the lines on its standard input say, and reports each."""

import asyncio
import json
import random
import sys
import time
from ssl import create_default_context
from typing import Any

import cost
import uvloop
from members import Member, Surroundings, Tally

LONGEST_LINE = 2**26


class Crowd(Surroundings):
    """All stations of this process."""

    def __init__(self) -> None:
        super().__init__()
        self.resting = False
        self._members: list[Member] = []

    async def open(
        self,
        *,
        stations: list[list[str]],
        gateways: list[str],
        deflate: bool,
        authority: str | None,
        at_once: int,
        within: float,
    ) -> int:
        """Have them all connected, each from its own address, as far as that goes in time; return how many are not."""
        self.gateways, self.deflate = gateways, deflate
        if authority:
            self.tls = create_default_context(cafile=authority)
        self._members = [Member(self, number, *station) for number, station in enumerate(stations)]
        turn = asyncio.Semaphore(at_once)

        async def come(member: Member) -> None:
            async with turn:
                while not await member.come():  # noqa: ASYNC110 (as stations do)
                    await asyncio.sleep(1)

        coming = [asyncio.create_task(come(member)) for member in self._members]
        _, late = await asyncio.wait(coming, timeout=within)
        for task in late:
            task.cancel()
        return len(late)

    async def call(self) -> None:
        """Have each call once, and wait for the answers."""
        for member in self._members:
            if member.line:
                member.line.call()
            if not random.getrandbits(6):  # not all in one breath
                await asyncio.sleep(0.01)
        while self._under_way():  # noqa: ASYNC110 (no hurry)
            await asyncio.sleep(0.05)

    async def keep_calling(self, *, every: float) -> None:
        """From now on each calls every so many seconds, at moments of its own."""

        async def calling(member: Member) -> None:
            await asyncio.sleep(random.uniform(0, every))  # noqa: S311
            while not (self.leaving or self.resting):
                if member.line:
                    member.line.call()
                await asyncio.sleep(every)

        for member in self._members:
            self.run(calling(member))

    async def rest(self, *, within: float) -> int:
        """From now on nobody calls; return how many CALLs are not answered after so many seconds."""
        self.resting = True
        until = time.monotonic() + within
        while self._under_way() and time.monotonic() < until:  # noqa: ASYNC110 (no hurry)
            await asyncio.sleep(0.05)
        return self._under_way()

    async def drop(self) -> None:
        """All connections are gone at once; return when all have noticed."""
        self.dropping = True
        lines = [member.line for member in self._members if member.line]
        for line in lines:
            line.drop()
        while any(line.open for line in lines):  # noqa: ASYNC110 (no hurry)
            await asyncio.sleep(0.01)

    async def fresh(self) -> None:
        """Begin to count anew."""
        self.tally = Tally()

    async def count(self) -> int:
        """How many have a connection on which they were answered."""
        return sum(bool(member.line and not member.line.first) for member in self._members)

    async def at(self, *, gateway: str) -> int:
        """How many are connected to this gateway."""
        return sum(bool(member.line and member.line.gateway_url == gateway) for member in self._members)

    async def report(self) -> dict[str, Any]:
        """All that was counted, and the processor seconds of this process."""
        return {**vars(self.tally), "cpu": time.process_time()}

    async def leave(self) -> None:
        """Go home."""
        self.leaving = True
        for number, member in enumerate(self._members):
            if member.line and member.line.open:
                member.line.close()
            if not number % 100:
                await asyncio.sleep(0.01)

    def _under_way(self) -> int:
        return sum(bool(member.line and member.line.awaited) for member in self._members)


async def main() -> None:
    """Obey until the lines end."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    crowd = Crowd()
    while line := await reader.readline():
        order = json.loads(line)
        told = await getattr(crowd, order.pop("do"))(**order)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    cost.open_files()
    uvloop.run(main())
