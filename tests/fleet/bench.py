"""All that is promised of speed, measured on this machine: a table of the promises, of what a message costs, a picture.

`--write` keeps them in a file, with all figures behind them, and the picture beside it. The exit code is 1 when a promise
is not kept, or when something went wrong.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated

import calls
import commands_rate
import growth
import latency
import parts_rate
import plot
import rooms
import scale
import starting
import typer
import uvloop
from cost import GENERATOR
from plot import Panel
from sheet import Sheet, machine

HEAD = """# Speed: the figures

Written by `make bench` (`tests/fleet/bench.py`); last run {when}, which took {minutes:.0f} minutes.

Everything runs on one machine and shares its cores: RabbitMQ and Redis as private processes, gateways, workers, and the
load generator, which is one process of bare sockets (`tests/fleet/bare_websocket.py`). So it is ratios that count,
between things that took turns in the same run, and processor time, which says what a machine with nothing else to do
could bring; each figure is the median, with the lowest and the highest behind it. A stretch lasts until nothing is left
to do, so what is counted is done. The product is measured as it is installed, with all that the fault suite holds it to.

The yardstick (`tests/fleet/yardstick`) goes the same way with the same libraries and without any feature: websocket,
quorum queue, worker, one `SET NX EX` in Redis, quorum queue, websocket. *Batched* it commits groups as the product does;
*single* is the same without group commit: each frame is a message, with a confirm of its own.

{machine}; {servers}.

"""


class Measure(StrEnum):
    """What can be measured."""

    CALLS = "calls"
    LATENCY = "latency"
    PARTS = "parts"
    COMMANDS = "commands"
    GROWTH = "growth"
    SCALE = "scale"
    START = "start"
    ROOMS = "rooms"


class Bench:
    """Measures, and keeps what the picture shows. `share`: of the full times and repetitions."""

    def __init__(self, share: float) -> None:
        self.panels: list[Panel] = []
        self._share = share

    def measure(self, which: Measure) -> Iterator[Sheet]:
        """Measure one; each sheet comes as soon as it is there."""
        measures: dict[Measure, Callable[[], Iterator[Sheet]]] = {
            Measure.CALLS: self._calls,
            Measure.LATENCY: self._latency,
            Measure.PARTS: lambda: parts_rate.sheets(seconds=self._of(12, 4), repeat=self._of(3)),
            Measure.COMMANDS: self._commands,
            Measure.GROWTH: self._growth,
            Measure.SCALE: self._scale,
            Measure.START: self._start,
            Measure.ROOMS: self._rooms,
        }
        yield from measures[which]()

    def _calls(self) -> Iterator[Sheet]:
        sheet, runs = uvloop.run(calls.measured(seconds=self._of(8, 3), repeat=self._of(5)))
        for which, several in runs.items():
            if several:
                sheet.costs[f"CALL, {which}"] = {
                    name: median(run.cpu[name] for run in several) for name in several[0].cpu
                }
        yield sheet

    def _latency(self) -> Iterator[Sheet]:
        sheet, points = uvloop.run(latency.measured(seconds=self._of(5, 3), repeat=self._of(3)))
        if points:
            self.panels.append(plot.latency(points))
        yield sheet

    def _commands(self) -> Iterator[Sheet]:
        return commands_rate.sheets(seconds=self._of(12, 4), repeat=self._of(3), open_seconds=self._of(20, 5))

    def _growth(self) -> Iterator[Sheet]:
        for what, (sheet, steps) in zip(
            ("connected stations", "open operations"),
            growth.measured(self._share, self._of(8, 4)),
            strict=True,
        ):
            self.panels.append(plot.growth(steps, what))
            yield sheet

    def _scale(self) -> Iterator[Sheet]:
        yield uvloop.run(scale.measured(scale.STATIONS, self._of(8, 3), self._of(3)))

    def _start(self) -> Iterator[Sheet]:
        yield uvloop.run(starting.measured(self._of(7, 3)))

    def _rooms(self) -> Iterator[Sheet]:
        yield uvloop.run(rooms.measured(seconds=self._of(6, 3)))

    def _of(self, full: int, least: int = 1) -> int:
        return max(least, round(full * self._share))


def main(
    *,
    only: Annotated[str, typer.Option(help="Some of them, with commas between.")] = ",".join(Measure),
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Of the full times and repetitions.")] = 1,
    write: Annotated[
        Path | None, typer.Option(help="Write the figures there as well, and a PNG beside.")
    ] = None,
) -> None:
    """Measure; exit with 1 if a promise is not kept or something went wrong."""
    try:
        wanted = [Measure(name) for name in only.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--only: {error}") from None
    began, bench = time.monotonic(), Bench(share)
    found: dict[Measure, list[Sheet]] = {}
    for which in wanted:
        found[which] = []
        try:
            for sheet in bench.measure(which):
                found[which].append(sheet)
                typer.echo(f"{sheet}\n")
        except Exception as error:  # noqa: BLE001 (the others are measured all the same)
            broken = Sheet(f"{which} broke off", "")
            broken.add("error", f"{type(error).__name__}: {error}", "none", missed=True)
            found[which].append(broken)
            typer.echo(f"{broken}\n")
    typer.echo("\n".join([*promises(found), "", *costs(found)]))
    if write:
        _write(write, found, bench.panels, (time.monotonic() - began) / 60)
    missed = [
        f"{which}: {figure.what}: {figure.found}"
        for which, sheets in found.items()
        for sheet in sheets
        for figure in sheet.figures
        if figure.missed
    ]
    if missed:
        typer.echo("\nMISSED:\n" + "\n".join(missed), err=True)
        raise typer.Exit(1)


def promises(found: dict[Measure, list[Sheet]]) -> list[str]:
    """All figures that have a target, as a table; of what should not be at all, only what is."""
    rows = ["| | what | found | target | |", "|---|---|---|---|---|"]
    for which, sheets in found.items():
        for sheet in sheets:
            rows += [
                f"| {which} | {figure.what} | {figure.found} | {figure.target} | {'**missed**' if figure.missed else 'met'} |"
                for figure in sheet.figures
                if figure.missed or figure.target not in ("", "none")
            ]
    return rows


def costs(found: dict[Measure, list[Sheet]]) -> list[str]:
    """Microseconds of processor time of one message, by process, as a table."""
    kinds = ("gateway", "worker", "RabbitMQ", "Redis")
    rows = [
        f"| | CPU µs for one | {' | '.join(kinds)} | others | in all | {GENERATOR} |",
        f"|---|---|{'---:|' * (len(kinds) + 3)}",
    ]
    for which, sheets in found.items():
        for one, cost in ((one, cost) for sheet in sheets for one, cost in sheet.costs.items()):
            each = dict.fromkeys((*kinds, "others", GENERATOR), 0.0)
            for name, used in cost.items():
                kind = name if name == GENERATOR else name.partition(" ")[0]  # the second is "gateway 2"
                each[kind if kind in each else "others"] += used
            generator = each.pop(GENERATOR)
            cells = [f"{value:,.0f}" for value in (*each.values(), sum(each.values()), generator)]
            rows.append(f"| {which} | {one} | {' | '.join(cells)} |")
    return rows


def _write(path: Path, found: dict[Measure, list[Sheet]], panels: Sequence[Panel], minutes: float) -> None:
    picture = path.with_suffix(".png")
    sheets = [sheet for several in found.values() for sheet in several]
    servers = next((sheet.servers for sheet in sheets if sheet.servers), "")
    today = datetime.now(UTC).date().isoformat()
    parts = [HEAD.format(when=today, minutes=minutes, machine=machine(), servers=servers)]
    parts += ["## What is promised\n\n", "\n".join(promises(found)), "\n\n"]
    if panels:
        plot.draw(picture, panels)
        parts += [f"![answer time against load, and processor time against size]({picture.name})\n\n"]
    parts += ["## What one message costs\n\n", "\n".join(costs(found)), "\n\n"]
    path.write_text("".join(parts) + "\n".join(sheet.markdown() for sheet in sheets))


if __name__ == "__main__":
    typer.run(main)
