"""The fault suite from a shell: faults against the real thing, and a row for each in a table.

`python tests/whole/faults/run.py [F1 F11 ...]`; without names all of them. Exits with 1 when a promise was broken.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

sys.path.append(str(Path(__file__).parents[2]))  # where the world's wire is

import table
import typer
from load import SHORT, Pace, chance
from nemesis import FAULTS, Fault
from trial import Trial, try_fault
from world import Kind, World, world

from ocppdiag_process.logs import configure

MANY_TRIALS = 4
MOST_KEPT = 200


def main(
    faults: Annotated[list[str] | None, typer.Argument(help="F1 F11 ...; all when none is named.")] = None,
    *,
    seed: Annotated[int | None, typer.Option(help="Draws the same load again.")] = None,
    ci: Annotated[bool, typer.Option("--ci", help="The short ones, short.")] = False,
    soak: Annotated[float, typer.Option(min=0, help="Draw faults at random for so many minutes.")] = 0,
    write: Annotated[Path | None, typer.Option(help="Write the table there as well.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where logs and evidence go.")] = None,
) -> None:
    """Print a row for each fault, and where the evidence lies of what was broken."""
    configure(level="critical", process="faults")  # what goes wrong is in the histories
    seed = secrets.randbelow(10**9) if seed is None else seed
    place = folder or Path(mkdtemp(prefix="ocppdiag-faults-"))
    typer.echo(f"seed {seed}; logs and evidence in {place}")
    chosen = [fault for fault in FAULTS if (fault.ci or not ci) and (not faults or fault.code in faults)]
    if not chosen:
        raise typer.BadParameter(f"no fault of that name: {' '.join(fault.code for fault in FAULTS)}")
    trials = asyncio.run(_run(_soaked(chosen, seed, soak * 60) if soak else iter(chosen), seed, place, ci=ci))
    typer.echo(f"\n{table.of(trials)}\n\n{table.NOTE}")
    if write:
        command = f"python tests/whole/faults/run.py {' '.join(sys.argv[1:])}"
        write.write_text(table.page(trials, command, seed))
    if any(trial.violations for trial in trials):
        raise typer.Exit(1)


class Worlds:
    """One world at a time: it is used again for the next fault of its kind, unless a promise was broken in it."""

    def __init__(self, folder: Path, seed: int, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._seed = seed
        self._say = say
        self._numbers = count(1)
        self._exits = AsyncExitStack()
        self._world: World | None = None
        self._sizes: dict[tuple[str, int], list[int]] = {}

    async def of(self, kind: Kind) -> World:
        """Return a world of this kind that is well."""
        if self._world is None or self._world.kind != kind:
            await self.forget()
            folder = self._folder / f"world-{next(self._numbers)}-{kind}"
            self._world = await self._exits.enter_async_context(
                world(kind, folder, seed=self._seed, say=self._say)
            )
        return self._world

    async def forget(self) -> None:
        """End the present one."""
        self._world = None
        await self._exits.aclose()

    def weigh(self) -> None:
        """Remember how much memory each process has now."""
        if self._world:
            pids = {member.name: member.pid for member in self._world.members if member.running}
            for name, size in self._world.rss().items():
                self._sizes.setdefault((name, pids[name]), []).append(size)

    def grown(self) -> Iterator[str]:
        """Say the memory of those processes that have seen many trials; in capitals where it does not stay as it was."""
        for (name, _), sizes in self._sizes.items():
            if len(sizes) >= MANY_TRIALS:
                first, last = sizes[1] / 2**20, sizes[-1] / 2**20
                told = "GROWS" if last > first * 1.5 + 16 else "stays"
                yield f"memory of {name} {told}: {first:.0f} MiB after 2 trials, {last:.0f} after {len(sizes)}"


async def _run(faults: Iterator[Fault], seed: int, folder: Path, *, ci: bool) -> list[Trial]:
    worlds, trials = Worlds(folder, seed, typer.echo), list[Trial]()
    try:
        for fault in faults:
            strike, pace = (fault.ci, SHORT) if ci and fault.ci else (fault.strike, Pace())
            # Each has a seed of its own: how often one draws depends on what happens.
            draw = chance(seed, len(trials), fault.code)
            trial = await try_fault(await worlds.of(fault.world), fault, strike, pace, draw)
            trials.append(trial)
            worlds.weigh()
            typer.echo(_line(trial))
            if trial.violations:
                typer.echo(f"  evidence: {keep(trial, folder / f'{len(trials)}-{fault.code}.txt')}")
                await worlds.forget()
    finally:
        await worlds.forget()
        for sentence in worlds.grown():
            typer.echo(sentence)
    return trials


def _soaked(faults: Sequence[Fault], seed: int, seconds: float) -> Iterator[Fault]:
    """Draw from those that one and the same world can bear."""
    draw, until = chance(seed, "soak"), time.monotonic() + seconds
    bearable = [fault for fault in faults if fault.world == "single"]
    while time.monotonic() < until:
        yield draw.choice(bearable)


def keep(trial: Trial, path: Path) -> Path:
    """Write down what was broken and what shows it, and beside it all that happened, in its order."""
    lines = []
    for violation in trial.violations[:MOST_KEPT]:
        lines += [
            f"{violation.promise}: {violation.what}",
            *(f"    {each}" for each in violation.evidence),
            "",
        ]
    path.write_text("\n".join([*lines, *trial.notes]) + "\n")
    histories = trial.histories
    happened: list[Any] = [*histories.sent, *histories.executed, *histories.told, *histories.heard]
    happened.sort(key=lambda record: record.at)
    path.with_suffix(".histories").write_text("\n".join(map(str, happened)))
    return path


def _line(trial: Trial) -> str:
    broken = [violation.promise for violation in trial.violations]
    told = ", ".join(f"{promise} x{broken.count(promise)}" for promise in dict.fromkeys(broken)) or "kept"
    verdict, recovery = trial.verdict, trial.verdict.recovery
    ends = ", ".join(f"{end} {number}" for end, number in verdict.ends.most_common())
    after = "never" if recovery is None else f"{recovery:.1f} s"
    return (
        f"{trial.fault.code} {trial.fault.title}: {told} ({trial.seconds:.0f} s, recovery {after})\n"
        f"  {verdict.commands}\n  executions {verdict.executions}\n  parts {verdict.parts}\n  ends: {ends}"
    )


if __name__ == "__main__":
    typer.run(main)
