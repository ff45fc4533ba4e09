"""How long station CALLs wait for their answers at a given rate: the product beside the batched yardstick.

Open loop: CALLs are due at instants evenly spread, each at the next of the stations, and their time counts from when
they were due, also where the load generator is late or the station has to wait for its last answer. So a pause shows
in all calls that it delayed (no coordinated omission). Rates are shares of what the product answers in a closed loop.
"""

import asyncio
import json
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated

import cost
import typer
import uvloop
from calls import STATIONS, WARM_UP_SECONDS, closed_loop, counted, freeze
from ground import fleet, percentile
from sheet import Sheet, show, spread
from stations import Station, Tally
from yardstick.beside import Pipeline, Which, beside

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
SECONDS, REPEAT = 5.0, 3
TICK_SECONDS = 0.001
WHICH = (Which.PRODUCT, Which.BATCHED)
TARGET_SHARE, TARGET_RATIO = 0.5, 2.0


@dataclass(frozen=True)
class Point:
    """One turn of one pipeline at one rate."""

    which: Which
    share: float
    """Of the rate that the product answers in a closed loop."""

    due_per_second: float
    run: cost.Run
    late_p99_ms: float
    """How late the load generator was."""


async def measured(
    stations: int = STATIONS,
    seconds: float = SECONDS,
    repeat: int = REPEAT,
    shares: Sequence[float] = SHARES,
) -> tuple[Sheet, list[Point]]:
    """Measure the closed loop, then both in turns at each of the shares, `repeat` times `seconds` each."""
    points: list[Point] = []
    async with fleet(rush=True) as running, beside(running, stations, WHICH) as pipelines:
        freeze()
        full, errors = await _full(pipelines, seconds)
        for share, _, pipeline in (
            (share, number, pipeline)
            for share in shares
            for number in range(repeat)
            for pipeline in pipelines
        ):
            if errors:
                break
            points.append(await open_loop(pipeline, share, full * share, seconds))
            errors.update(points[-1].run.errors)
    sheet = Sheet(
        f"{stations} stations, LogStatusNotification at given rates, {repeat} x {seconds:g} s in turns",
        running.services.origin,
    )
    sheet.add("the product's rate in a closed loop", f"{full:,.0f} a second")
    for share in shares:
        _write(sheet, share, [point for point in points if point.share == share])
    sheet.counted("errors", errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet, points


async def open_loop(pipeline: Pipeline, share: float, rate: float, seconds: float) -> Point:
    """Have the stations call at this rate altogether, for so long, and wait for the last answers."""
    tally, late = Tally(going=False), array("d")
    calling = _at_rate(pipeline.crowd, rate, seconds, late)
    run = await counted(pipeline.crowd, pipeline.pids, tally, calling)
    return Point(pipeline.which, share, rate, run, percentile(late, 0.99) * 1e3)


async def _at_rate(crowd: Sequence[Station], rate: float, seconds: float, late: "array[float]") -> None:
    began, sent = time.perf_counter(), 0
    while sent < rate * seconds:
        while (instant := time.perf_counter()) >= (due := began + sent / rate) and sent < rate * seconds:
            crowd[sent % len(crowd)].call(due)
            late.append(instant - due)
            sent += 1
        await asyncio.sleep(TICK_SECONDS)


async def _full(pipelines: Sequence[Pipeline], seconds: float) -> tuple[float, Counter[str]]:
    """What the product answers in a closed loop, once both are warm; and errors."""
    errors: Counter[str] = Counter()
    full = 0.0
    for pipeline, lasting in [(one, WARM_UP_SECONDS) for one in pipelines] + [(pipelines[0], seconds)]:
        run = await closed_loop(pipeline.crowd, pipeline.pids, lasting)
        errors.update(run.errors)
        full = run.calls_per_second
    return full, errors


def _write(sheet: Sheet, share: float, points: Sequence[Point]) -> None:
    halves: dict[Which, float] = {}
    for which in WHICH:
        if not (several := [point for point in points if point.which is which]):
            return
        p50, p99 = ([getattr(point.run, name) for point in several] for name in ("p50_ms", "p99_ms"))
        halves[which] = median(p99)
        late = median(point.late_p99_ms for point in several)
        sheet.add(
            f"{which} at {share:.0%} ({several[0].due_per_second:,.0f} a second)",
            f"p50 {spread(p50, digits=1)} ms, p99 {spread(p99, digits=1)} ms; load generator late by {late:.1f} ms (p99)",
        )
    if share == TARGET_SHARE and halves[Which.BATCHED]:
        ratio = halves[Which.PRODUCT] / halves[Which.BATCHED]
        sheet.add(
            f"p99 at {share:.0%}, product / {Which.BATCHED}",
            f"{ratio:.2f}",
            f"≤ {TARGET_RATIO:g}",
            missed=ratio > TARGET_RATIO,
        )


def main(
    *,
    stations: Annotated[int, typer.Option(min=1, max=4096)] = STATIONS,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each turn.")] = SECONDS,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = REPEAT,
    as_json: Annotated[bool, typer.Option("--json", help="Every turn, in JSON, instead.")] = False,
) -> None:
    """Measure, print medians (lowest to highest), and exit with 1 if the target is missed or on any error."""
    sheet, points = uvloop.run(measured(stations, seconds, repeat))
    if as_json:
        typer.echo(json.dumps(list(map(asdict, points)), indent=2))
        raise typer.Exit(not sheet.good)
    show([sheet])


if __name__ == "__main__":
    typer.run(main)
