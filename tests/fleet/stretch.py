"""What was done in a stretch of time and what it cost in processor time; several of them, as figures of a sheet."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from calls import MOST_OF_A_CORE
from cost import GENERATOR
from ground import Fleet
from sheet import Sheet, spread


@dataclass(frozen=True)
class Stretch:
    """`done` things in `seconds`, from the first wish until nothing was left to do; `cpu` in seconds, by process."""

    done: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """So many a second."""
        return self.done / self.seconds

    def times(self, many: int) -> "Stretch":
        """The same, where each thing that was done counts for so many."""
        return replace(self, done=self.done * many)

    def each(self, process: str) -> float:
        """Microseconds of processor time for one."""
        return self.cpu[process] / max(self.done, 1) * 1e6


class Meter:
    """Runs from when it is made."""

    def __init__(self, running: Fleet) -> None:
        self._running = running
        self._used = self._cpu()
        self.began = time.perf_counter()

    def stretch(self, done: int, until: float) -> Stretch:
        """What was done until then; the processor time is all that was used until now."""
        cpu = {name: max(0.0, used - self._used.get(name, 0.0)) for name, used in self._cpu().items()}
        return Stretch(done, max(until - self.began, 1e-9), cpu)

    def _cpu(self) -> dict[str, float]:
        return {**self._running.cpu(), GENERATOR: time.process_time()}


def add_rate(sheet: Sheet, what: str, stretches: Sequence[Stretch]) -> None:
    """Note how many a second."""
    sheet.add(what, spread([stretch.rate for stretch in stretches]))


def add_ratio(
    sheet: Sheet, what: str, ours: Sequence[Stretch], theirs: Sequence[Stretch], at_least: float
) -> None:
    """Note the ratio of rates of stretches that lay side by side: the median of the pairs counts."""
    ratios = [
        100 * one.rate / other.rate if other.rate else 0.0 for one, other in zip(ours, theirs, strict=True)
    ]
    missed = median(ratios) < 100 * at_least
    sheet.add(what, spread(ratios, " %", 1), f"≥ {at_least:.0%}", missed=missed)


def add_costs(sheet: Sheet, one: str, stretches: Sequence[Stretch]) -> None:
    """Note the processor time of one, by process and in all, and how busy the load generator was: medians."""
    costs = {name: median(stretch.each(name) for stretch in stretches) for name in stretches[0].cpu}
    sheet.costs[one] = costs
    ours = sum(cost for name, cost in costs.items() if name != GENERATOR)
    listed = ", ".join(f"{name} {cost:,.0f}" for name, cost in costs.items())
    busy = median(stretch.cpu[GENERATOR] / stretch.seconds for stretch in stretches)
    sheet.add(
        f"CPU µs a {one}",
        f"{ours:,.0f} and the {GENERATOR}'s, which is {busy:.0%} of a core: {listed}",
    )


def add_generator(sheet: Sheet, *several: Sequence[Stretch]) -> None:
    """Note how busy the load generator was at most; with more of a core than it may use it would be waited for."""
    busy = max(
        median(stretch.cpu[GENERATOR] / stretch.seconds for stretch in stretches) for stretches in several
    )
    target = f"< {MOST_OF_A_CORE:.0%}, else it is waited for"
    sheet.add(f"{GENERATOR}, of a core", f"{busy:.0%}", target, missed=busy >= MOST_OF_A_CORE)
