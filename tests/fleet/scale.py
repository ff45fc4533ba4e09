"""What a CALL costs with two workers and with two gateways: does a second one do the same for the same?

Closed loop of LogStatusNotifications. Both gateways are there all the time, and stations on one of them or on both call;
the second worker comes and goes. The four ways are gone through again and again, forwards and backwards.
"""

import gc
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import cycle
from statistics import median
from typing import Annotated

import typer
import uvloop
from answering import Crowd
from asking import Asker
from calling import age, calling, open_logs
from cost import GENERATOR
from ground import Fleet, fleet
from sheet import Sheet, show, spread
from stretch import Stretch, add_costs, add_rate

STATIONS = 1024
EVEN = 0.10
WARM_UP_SECONDS = 2.0


@dataclass
class Way:
    """So many workers and gateways that have something to do, and what was found with them."""

    workers: int
    gateways: int
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, stretch: Stretch) -> None:
        """Note a stretch; each second worker is another process with another number."""
        cpu = {"worker 2" if name.startswith("worker ") else name: used for name, used in stretch.cpu.items()}
        self.stretches.append(replace(stretch, cpu=cpu))

    def __str__(self) -> str:
        return f"{_count(self.workers, 'worker')}, {_count(self.gateways, 'gateway')}"

    @property
    def per_second(self) -> list[float]:
        """CALLs for a second of processor time, of all but the load generator."""
        return [
            stretch.done / sum(used for name, used in stretch.cpu.items() if name != GENERATOR)
            for stretch in self.stretches
        ]


async def measured(stations: int, seconds: float, repeat: int) -> Sheet:
    """Measure all ways by turns."""
    ways = [Way(workers, gateways) for workers in (1, 2) for gateways in (1, 2)]
    async with (
        fleet(gateways=2, rush=True) as running,
        Asker.connect(running.services.amqp_url) as asker,
    ):
        await age(running)
        crowds = {many: Crowd() for many in (1, 2)}
        logs = {}
        for many, crowd in crowds.items():
            known = await running.stations(f"ON-{many}", stations)
            await crowd.connect(known, running.urls[:many])
            logs[many] = await open_logs(asker, crowd)
        pinned = ""
        gc.collect()
        gc.freeze()
        for turn in range(repeat):
            for way in reversed(ways) if turn % 2 else ways:
                async with AsyncExitStack() as exits:
                    if way.workers > 1:
                        await exits.enter_async_context(running.worker())
                    pinned = max(pinned, _pin(running), key=len)
                    crowd, numbers = crowds[way.gateways], logs[way.gateways]
                    await calling(running, crowd, numbers, WARM_UP_SECONDS)
                    way.add(await calling(running, crowd, numbers, seconds))
        for crowd in crowds.values():
            crowd.close()
    sheet = Sheet(
        f"Two workers against one, two gateways against one, {stations} stations, {repeat} x {seconds:g} s",
        running.services.origin,
    )
    sheet.add("pinned, and nothing else", pinned)
    for way in ways:
        add_rate(sheet, f"CALLs a second, {way}", way.stretches)
        add_costs(sheet, f"CALL, {way}", way.stretches)
    _judge(sheet, ways[0], ways[1:])
    sheet.counted("errors", crowds[1].errors + crowds[2].errors + asker.errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


def _pin(running: Fleet) -> str:
    """Give each gateway and worker a core of its own, as far as there are some; say which.

    With two cores the first gateway shares one with the second worker, and the second gateway the other one with the
    first worker.
    """
    cores = sorted(os.sched_getaffinity(0))
    placed = [
        *zip(running.gateways, cycle(cores), strict=False),
        *zip(running.workers, cycle(reversed(cores)), strict=False),
    ]
    for process, core in placed:
        os.sched_setaffinity(process.pid, {core})
    return ", ".join(f"{process.name} to core {core}" for process, core in placed)


def _judge(sheet: Sheet, one: Way, others: Sequence[Way]) -> None:
    """Does a second of processor time do the same? Ratios of stretches of the same turn; their median counts."""
    sheet.add(f"CALLs for a second of processor time, {one}", spread(one.per_second))
    for way in others:
        ratios = [100 * more / alone for more, alone in zip(way.per_second, one.per_second, strict=True)]
        promised = 1 in (way.workers, way.gateways)
        sheet.add(
            f"CALLs for a second of processor time, {way}, beside one of each",
            f"{spread(way.per_second)}: {spread(ratios, ' %', 1)}",
            f"{1 - EVEN:.0%} to {1 + EVEN:.0%}" if promised else "",
            missed=promised and abs(median(ratios) / 100 - 1) > EVEN,
        )


def _count(many: int, what: str) -> str:
    return f"{many} {what}{'s' if many > 1 else ''}"


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = STATIONS,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each stretch.")] = 8,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = 3,
) -> None:
    """Measure; exit with 1 if a second worker or gateway makes a CALL dearer than it may."""
    show([uvloop.run(measured(stations, seconds, repeat))])


if __name__ == "__main__":
    typer.run(main)
