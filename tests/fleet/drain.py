"""One of two gateways is told to stop (SIGTERM) while its stations call now and then: all move, and no CALL is cut off.

Who is asked to go (close code 1001) comes back to the other gateway as libocpp does by default (members.py). A CALL is
cut off when its connection ends before its answer. One that a station sends while the goodbye is on its way to it
cannot be answered by anybody: after its close frame a gateway may not send (RFC 6455, 5.5.1).
"""

import asyncio
import os
import signal
import time
from typing import Annotated

import typer
import uvloop
from crowds import crowds
from ground import fleet, percentile, until
from sheet import Sheet, show

BEFORE_SECONDS = 10.0
AFTER_SECONDS = 5.0
MOST_SECONDS = 90.0
REST_SECONDS = 30.0
CROSSING_SECONDS = 0.02
"""So long at most are a CALL and a goodbye under way here, where all share two cores."""


async def measured(stations: int, every: float) -> Sheet:
    """Measure once."""
    async with fleet(gateways=2) as running, crowds(2, nice=2) as many:
        leaving = running.gateways[0]
        await many.open(await running.stations("CS", stations), running.urls)
        await many.tell("call")
        await many.tell("keep_calling", every=every)
        await asyncio.sleep(BEFORE_SECONDS)
        before, _ = await many.report()
        there = sum(await many.tell("at", gateway=running.urls[0]))
        await many.tell("fresh")
        told = time.monotonic()
        os.kill(leaving.pid, signal.SIGTERM)

        async def all_back() -> bool:
            return leaving.name in running.stopped and await many.count() == stations

        await until(all_back, MOST_SECONDS)
        back = await many.count()
        await asyncio.sleep(AFTER_SECONDS)
        unanswered = await many.rest(within=REST_SECONDS)
        found, _ = await many.report()
    moved, ended = len(found.gone), running.stopped.get(leaving.name)
    cut = ", ".join(f"{seconds * 1e3:.0f} ms" for seconds in found.cut)
    sheet = Sheet(
        f"{stations} stations on two gateways, a CALL every {every:g} s from each, SIGTERM to one",
        running.services.origin,
    )
    sheet.add("stations asked to go", moved, f"{there}", missed=moved != there)
    sheet.add("stations connected in the end", back, f"{stations}", missed=back != stations)
    sheet.add("the last was asked to go", f"{max(found.gone, default=told) - told:.2f} s after the signal")
    sheet.add(
        "the last was answered by the other gateway", f"after {max(found.back, default=told) - told:.1f} s"
    )
    sheet.add(
        "the gateway ended in order",
        f"after {ended - told:.2f} s" if ended else "no",
        "yes",
        missed=ended is None,
    )
    sheet.add("CALLs since the signal", found.sent)
    sheet.add(
        "CALLs cut off",
        f"{len(found.cut)}{f' (sent so long before the end: {cut})' if cut else ''}",
        "0, but for those that meet the goodbye under way",
        missed=any(seconds > CROSSING_SECONDS for seconds in found.cut),
    )
    sheet.add("CALLs not answered otherwise", unanswered, "0", missed=unanswered != 0)
    sheet.add(
        "p99 of the answers",
        f"{percentile(before.answered, 0.99) * 1e3:.0f} ms before, {percentile(found.answered, 0.99) * 1e3:.0f} ms since",
    )
    sheet.counted("refused for now", found.refused)
    sheet.counted("errors", found.errors, "none")
    sheet.counted("complaints in the logs", running.complaints)
    return sheet


def main(
    *,
    stations: Annotated[int, typer.Option(min=2)] = 4000,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between the CALLs of each.")] = 10,
) -> None:
    """Measure; exit with 1 if a station did not move in order or a CALL was cut off."""
    show([uvloop.run(measured(stations, every))])


if __name__ == "__main__":
    typer.run(main)
