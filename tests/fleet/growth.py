"""What a CALL costs when more stations are connected, and when more operations are open; and what memory that takes.

Stations send LogStatusNotifications, each about its open GetLog, at a fixed rate for all of them together, whenever one
is due (open loop): so as much comes together in a batch with few stations as with many. What grows is gone through
upwards and then downwards again, so that a machine that becomes slower or faster meanwhile counts for all steps alike.
What it costs to keep connections that are silent (pings, leases) belongs to no CALL: it is measured by itself at each
step, and taken off.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Annotated

import cost
import typer
import uvloop
from asking import Asker
from calling import age
from cost import GENERATOR
from ground import Fleet, fleet, held
from growing import Growing
from sheet import Sheet, show
from shelved import Shelf
from stretch import Stretch

STATIONS = (100, 1000, 10_000)
OPERATIONS = (0, 10_000, 100_000)
CALLING = 1000
"""Stations, while others have the operations."""

RATE = 1000.0
FLAT = 0.10
HELD = 0.95
"""Of the rate that is wanted: with less the steps are not alike."""

WARM_UP_SECONDS = 5.0
KIB, MIB = 2**10, 2**20


@dataclass
class Step:
    """What was found with so many; memory in bytes."""

    many: int
    loaded: list[Stretch] = field(default_factory=list)
    silent: list[Stretch] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)

    def each(self, process: str) -> float:
        """Microseconds of processor time for a CALL, with the keeping of connections."""
        return median(stretch.each(process) for stretch in self.loaded)

    def keeping(self, process: str) -> float:
        """Microseconds of processor time a second, without any CALL."""
        return median(stretch.cpu[process] / stretch.seconds * 1e6 for stretch in self.silent)

    def own(self, process: str) -> float:
        """Microseconds of processor time for a CALL, without the keeping of connections."""
        if not self.silent:
            return self.each(process)
        return self.each(process) - self.keeping(process) * median(
            stretch.seconds / stretch.done for stretch in self.loaded
        )

    @property
    def gross(self) -> float:
        """Microseconds for a CALL, of all processes but the load generator."""
        return sum(self.each(name) for name in self.processes)

    @property
    def net(self) -> float:
        """Likewise, without the keeping of connections."""
        return sum(self.own(name) for name in self.processes)

    @property
    def processes(self) -> list[str]:
        """All but the load generator."""
        return [name for name in self.loaded[0].cpu if name != GENERATOR]


async def stations(steps: Sequence[int], seconds: float) -> tuple[Sheet, list[Step]]:
    """Measure with more and more stations, and with fewer again."""
    found = [Step(many) for many in steps]
    async with fleet(rush=True) as running, Asker.connect(running.services.amqp_url) as asker:
        await age(running)
        growing = Growing(running, asker)

        async def look(step: Step) -> None:
            await growing.have(step.many)
            if not step.memory:
                await growing.call(RATE, WARM_UP_SECONDS)
                step.memory = await _memory(running)
            step.silent.append(await growing.be_silent(seconds))
            step.loaded.append(await growing.call(RATE, seconds))

        await _up_and_down(found, look)
        await growing.have(0)
    sheet = Sheet(
        f"From {steps[0]} to {steps[-1]} connected stations, {RATE:g} CALLs a second", running.services.origin
    )
    for step in found:
        kept = ", ".join(f"{name} {step.keeping(name) / 1e3:.1f}" for name in step.processes)
        _note(sheet, step, "stations")
        sheet.add(f"to keep {step.many} silent stations, CPU ms a second", kept)
    judge(sheet, found, "stations")
    linear(sheet, found, "gateway", "of the gateway a connection (RSS)")
    linear(sheet, found, "Redis", "of Redis a station with an open operation")
    return _ended(sheet, found, running, growing), found


async def operations(steps: Sequence[int], seconds: float) -> tuple[Sheet, list[Step]]:
    """Measure with more and more open operations of other stations in Redis, and with fewer again."""
    found = [Step(many) for many in steps]
    async with fleet(rush=True) as running, Asker.connect(running.services.amqp_url) as asker:
        await age(running)
        growing, shelf = Growing(running, asker), Shelf(running)
        await growing.have(CALLING)
        await growing.call(RATE, WARM_UP_SECONDS)

        async def look(step: Step) -> None:
            await shelf.hold(step.many)
            step.memory = step.memory or await _memory(running)
            step.loaded.append(await growing.call(RATE, seconds))

        await _up_and_down(found, look)
        await growing.have(0)
    sheet = Sheet(
        f"From {steps[0]} to {steps[-1]} open operations, {RATE:g} CALLs a second of {CALLING} other stations",
        running.services.origin,
    )
    for step in found:
        _note(sheet, step, "operations")
    judge(sheet, found, "operations")
    linear(sheet, found, "Redis", "of Redis an operation")
    return _ended(sheet, found, running, growing), found


async def _memory(running: Fleet) -> dict[str, int]:
    gateway, redis = await held(running.gateways[0]), await running.redis.run("INFO", "memory")
    return {
        "gateway": gateway.rss,
        "worker": cost.memory(running.workers[0].pid).rss,
        "Redis": int(redis["used_memory"]),
    }


async def _up_and_down(steps: Sequence[Step], look: Callable[[Step], Awaitable[None]]) -> None:
    for step in (*steps, *reversed(steps)):
        await look(step)


def _note(sheet: Sheet, step: Step, what: str) -> None:
    """What a CALL costs, whatever for."""
    costs = {name: step.each(name) for name in step.loaded[0].cpu}
    sheet.costs[f"CALL, {step.many} {what}"] = costs
    listed = ", ".join(f"{name} {used:.0f}" for name, used in costs.items())
    sheet.add(f"CPU µs a CALL, {step.many} {what}", f"{step.gross:.0f} and the {GENERATOR}'s: {listed}")


def judge(sheet: Sheet, found: Sequence[Step], what: str) -> None:
    """Is it flat? Was it measured?"""
    first = found[0]
    for step in found[1:]:
        ratio = step.net / first.net
        sheet.add(
            f"a CALL's CPU with {step.many} {what} beside {first.many}",
            f"{step.net:.0f} µs beside {first.net:.0f} µs: {ratio:.1%}",
            f"{1 - FLAT:.0%} to {1 + FLAT:.0%}",
            missed=abs(ratio - 1) > FLAT,
        )
    slowest = min(stretch.rate for step in found for stretch in step.loaded)
    sheet.add(
        f"CALLs a second, in the slowest stretch with any number of {what}",
        f"{slowest:.0f}",
        f"≥ {HELD * RATE:.0f}",
        missed=slowest < HELD * RATE,
    )
    share = max(stretch.cpu[GENERATOR] / stretch.seconds for step in found for stretch in step.loaded)
    sheet.add("the load generator's share of a core, at most", f"{share:.0%}")


def linear(sheet: Sheet, found: Sequence[Step], process: str, what: str) -> None:
    """Does each one more take as much memory as those before it?"""
    taken = [
        (more.memory[process] - fewer.memory[process]) / (more.many - fewer.many)
        for fewer, more in pairwise(found)
    ]
    listed = [
        f"{one / KIB:.2f} KiB from {fewer.many} to {more.many}"
        for one, (fewer, more) in zip(taken, pairwise(found), strict=True)
    ]
    grows = any(later > sooner * (1 + FLAT) for sooner, later in pairwise(taken))
    sheet.add(f"memory {what}", ", ".join(listed), f"no more than {FLAT:.0%} more", missed=grows)


def _ended(sheet: Sheet, found: Sequence[Step], running: Fleet, growing: Growing) -> Sheet:
    sizes = [f"{step.memory['worker'] / MIB:.0f} MiB with {step.many}" for step in found]
    sheet.add("memory of the worker (RSS)", ", ".join(sizes))
    sheet.counted("errors", growing.errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


def main(
    *,
    share: Annotated[
        float,
        typer.Option(min=0.01, max=1, help="Of the highest numbers: with less, those above are left out."),
    ] = 1,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each stretch.")] = 10,
) -> None:
    """Measure; exit with 1 if a CALL becomes dearer, or memory grows faster than what is in it."""
    show(sheet for sheet, _ in measured(share, seconds))


def measured(share: float, seconds: float) -> Iterator[tuple[Sheet, list[Step]]]:
    """Measure both kinds of growth."""
    yield uvloop.run(stations(_up_to(share, STATIONS), seconds))
    yield uvloop.run(operations(_up_to(share, OPERATIONS), seconds))


def _up_to(share: float, steps: Sequence[int]) -> Sequence[int]:
    """Leave out the highest, but not the first two."""
    return [many for number, many in enumerate(steps) if number < 2 or many <= share * steps[-1]]


if __name__ == "__main__":
    typer.run(main)
