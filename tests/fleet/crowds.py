"""The owner's side of a crowd: starts its processes, shares the stations among them, and gathers what they report."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from crowd import LONGEST_LINE
from members import Tally

PROGRAM = Path(__file__).with_name("crowd.py")
ADDRESSES = 250  # 127.0.0.2 and following
OPEN_SECONDS = 240.0
LEAVE_SECONDS = 60.0
END_SECONDS = 5.0


class Crowds:
    """Several processes of stations, spoken to as one."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def open(
        self,
        stations: Sequence[tuple[str, str]],
        gateways: Sequence[str],
        *,
        deflate: bool = False,
        authority: Path | None = None,
        at_once: int = 64,
    ) -> None:
        """Connect stations (name, password), the first of them to the first of the gateways, the next to the next.

        Raises RuntimeError when the gateways do not let all of them in within four minutes.
        """
        many = len(self._processes)
        placed = [[*station, f"127.0.0.{number % ADDRESSES + 2}"] for number, station in enumerate(stations)]
        orders = [
            {
                "do": "open",
                "stations": placed[number::many],
                "gateways": list(gateways),
                "deflate": deflate,
                "authority": authority and str(authority),
                "at_once": max(1, at_once // many),
                "within": OPEN_SECONDS,
            }
            for number in range(many)
        ]
        if late := sum(await asyncio.gather(*map(_told, self._processes, orders))):
            seen, _ = await self.report()
            raise RuntimeError(f"{late} stations were not let in: {dict(seen.refused)}")

    async def tell(self, do: str, **how: Any) -> list[Any]:  # noqa: ANN401
        """Tell all of them the same: the name and the arguments of a method of crowd.Crowd."""
        return await asyncio.gather(*(_told(process, {"do": do, **how}) for process in self._processes))

    async def count(self) -> int:
        """How many were answered on the connection that they have."""
        return sum(await self.tell("count"))

    async def rest(self, *, within: float) -> int:
        """From now on nobody calls; return how many CALLs are not answered after so many seconds."""
        return sum(await self.tell("rest", within=within))

    async def report(self) -> tuple[Tally, float]:
        """All that was counted since `fresh`, and the processor seconds of the processes so far."""
        whole, cpu = Tally(), 0.0
        for told in await self.tell("report"):
            cpu += told.pop("cpu")
            whole.sent += told.pop("sent")
            whole.refused += Counter(told.pop("refused"))
            whole.errors += Counter(told.pop("errors"))
            for name, instants in told.items():
                getattr(whole, name).extend(instants)
        return whole, cpu


@asynccontextmanager
async def crowds(many: int, *, nice: int = 0) -> AsyncIterator[Crowds]:
    """Run so many processes of stations, each nicer than this one by `nice`."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            preexec_fn=lambda: os.nice(nice),
        )
        for _ in range(many)
    ]
    running = Crowds(processes)
    try:
        yield running
        async with asyncio.timeout(LEAVE_SECONDS):
            await running.tell("leave")
    finally:
        for process in processes:
            if process.stdin:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _told(process: asyncio.subprocess.Process, order: dict[str, Any]) -> Any:  # noqa: ANN401
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a crowd without pipes")
    process.stdin.write(json.dumps(order).encode() + b"\n")
    await process.stdin.drain()
    if not (line := await process.stdout.readline()):
        raise RuntimeError(f"a crowd has ended while it should {order['do']}")
    return json.loads(line)
