"""How many station CALLs per second come back answered: gateway, broker, worker, Redis and back, beside the yardstick.

Closed loop: every station has one CALL under way. A run counts until nothing is under way any more, so what is
answered is also done. The product and both kinds of the yardstick (tests/fleet/yardstick) are up all the time, on one
RabbitMQ and one Redis, and take turns: what the machine does to one it does to the others.
"""

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Annotated

import cost
import typer
import uvloop
from cost import GENERATOR
from ground import fleet, percentile
from sheet import Sheet, show, spread
from stations import Station, Tally
from yardstick.beside import Which, beside

STATIONS, SECONDS, REPEAT = 1024, 8.0, 5
WARM_UP_SECONDS = 3.0
DRAIN_SECONDS = 30.0
TARGETS = {Which.BATCHED: 0.7, Which.SINGLE: 5.0}
"""What the product's rate is to be, in those of the yardstick."""

MOST_OF_A_CORE = 0.6
"""What the load generator may use: with more of a core it would be waited for."""

Runs = dict[Which, list[cost.Run]]


async def measured(
    stations: int = STATIONS,
    seconds: float = SECONDS,
    repeat: int = REPEAT,
    which: Sequence[Which] = tuple(Which),
) -> tuple[Sheet, Runs]:
    """Measure in turns, `repeat` times `seconds` of each, after a shorter turn that does not count."""
    runs: Runs = {one: [] for one in which}
    errors: Counter[str] = Counter()
    async with fleet(rush=True) as running, beside(running, stations, which) as pipelines:
        freeze()
        for number in range(repeat + 1):
            for pipeline in pipelines:
                run = await closed_loop(pipeline.crowd, pipeline.pids, seconds if number else WARM_UP_SECONDS)
                errors.update({f"{pipeline.which}: {error}": count for error, count in run.errors.items()})
                if number:
                    runs[pipeline.which].append(run)
            if errors:
                break
    sheet = Sheet(
        f"{stations} stations, a LogStatusNotification under way from each, {repeat} x {seconds:g} s in turns",
        running.services.origin,
    )
    if all(runs.values()):
        _write(sheet, runs)
    sheet.counted("errors", errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet, runs


async def closed_loop(crowd: Sequence[Station], pids: Mapping[str, int], seconds: float) -> cost.Run:
    """Have each call for so long, the next time as soon as it is answered, and wait for the last answers."""
    tally = Tally()

    async def calling() -> None:
        for station in crowd:
            station.call(time.perf_counter())
        await asyncio.sleep(seconds)

    return await counted(crowd, pids, tally, calling())


async def counted(
    crowd: Sequence[Station], pids: Mapping[str, int], tally: Tally, calling: Awaitable[None]
) -> cost.Run:
    """Count what `calling` has the stations do, until nothing is under way any more or half a minute is over."""
    for station in crowd:
        station.count_in(tally)
    used, machine, began = _used(pids, tally), cost.machine_seconds(), time.perf_counter()
    await calling
    try:
        await asyncio.wait_for(tally.rest(), DRAIN_SECONDS)
    except TimeoutError:
        tally.errors[f"no answer in {DRAIN_SECONDS:g} s"] += tally.outstanding
    elapsed = time.perf_counter() - began
    after, machine = _used(pids, tally), cost.machine_seconds() - machine
    return cost.Run(
        calls_per_second=len(tally.seconds) / elapsed,
        p50_ms=percentile(tally.seconds, 0.5) * 1e3,
        p99_ms=percentile(tally.seconds, 0.99) * 1e3,
        cpu={name: max(0.0, after[name] - used[name]) * 1e6 / max(1, len(tally.seconds)) for name in used},
        cores_busy=machine / elapsed,
        errors=dict(tally.errors),
    )


def freeze() -> None:
    """Spare this process from looking for garbage in what stays."""
    gc.collect()
    gc.freeze()


def cpu(runs: Sequence[cost.Run]) -> str:
    """Write what a call costs each process, and all of them but the load generator; and how busy the machine is."""
    each = {name: median(run.cpu[name] for run in runs) for name in runs[0].cpu}
    own = each.pop(GENERATOR, 0.0)
    parts = " + ".join(f"{name} {used:.0f}" for name, used in each.items())
    busy = median(run.cores_busy for run in runs)
    return f"{parts} = {sum(each.values()):.0f} µs; {GENERATOR} {own:.0f} µs; {busy:.1f} cores busy"


def _write(sheet: Sheet, runs: Runs) -> None:
    for which, several in runs.items():
        sheet.add(f"{which}: answered a second", spread([run.calls_per_second for run in several]))
        p50, p99 = ([getattr(run, name) for run in several] for name in ("p50_ms", "p99_ms"))
        sheet.add(f"{which}: after", f"p50 {spread(p50)} ms, p99 {spread(p99)} ms")
        sheet.add(f"{which}: processor a call", cpu(several))
    for which, target in TARGETS.items():
        if product := runs.get(Which.PRODUCT) if which in runs else None:
            ratios = [
                ours.calls_per_second / theirs.calls_per_second
                for ours, theirs in zip(product, runs[which], strict=True)
            ]
            sheet.add(
                f"calls a second, product / {which}",
                spread(ratios, digits=2),
                f"≥ {target:g}",
                missed=median(ratios) < target,
            )
            costs = [_whole(ours) / _whole(theirs) for ours, theirs in zip(product, runs[which], strict=True)]
            sheet.add(f"processor a call, product / {which}", spread(costs, digits=2))
    busiest = max(
        median(run.cpu[GENERATOR] * run.calls_per_second / 1e6 for run in several)
        for several in runs.values()
    )
    sheet.add(
        "load generator, of a core",
        f"{busiest:.0%}",
        f"< {MOST_OF_A_CORE:.0%}, else it is waited for",
        missed=busiest >= MOST_OF_A_CORE,
    )


def _whole(run: cost.Run) -> float:
    return sum(used for name, used in run.cpu.items() if name != GENERATOR)


def _used(pids: Mapping[str, int], tally: Tally) -> dict[str, float]:
    used = {}
    for name, pid in pids.items():
        try:
            used[name] = cost.cpu_seconds(pid)
        except FileNotFoundError:
            used[name] = 0.0
            tally.errors[f"the {name} has ended by itself"] += 1
    return used


def main(
    *,
    stations: Annotated[int, typer.Option(min=1, max=4096)] = STATIONS,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each turn.")] = SECONDS,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = REPEAT,
    only: Annotated[list[Which] | None, typer.Option(help="Of the three, in this order.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every turn, in JSON, instead.")] = False,
) -> None:
    """Measure, print medians (lowest to highest), and exit with 1 if a target is missed or on any error."""
    sheet, runs = uvloop.run(measured(stations, seconds, repeat, only or tuple(Which)))
    if as_json:
        typer.echo(
            json.dumps({which: list(map(asdict, several)) for which, several in runs.items()}, indent=2)
        )
        raise typer.Exit(not sheet.good)
    show([sheet])


if __name__ == "__main__":
    typer.run(main)
