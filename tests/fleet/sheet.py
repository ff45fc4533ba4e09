"""What a measurement of sockets says: figures beside what they should be, for the screen and for a file."""

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median

import cost
import typer

PARTS = ("websockets", "uvloop", "redis", "aio-pika")


def spread(values: Sequence[float], unit: str = "", digits: int = 0) -> str:
    """The median, with the lowest and the highest."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


@dataclass(frozen=True)
class Figure:
    """One thing that was found."""

    what: str
    found: str
    target: str = ""
    missed: bool = False


@dataclass
class Sheet:
    """All figures of one measurement."""

    title: str
    servers: str
    """Which RabbitMQ and Redis."""
    figures: list[Figure] = field(default_factory=list)
    costs: dict[str, Mapping[str, float]] = field(default_factory=dict)
    """Microseconds of processor time for one of what, by process: noted as figures too."""

    def add(self, what: str, found: object, target: str = "", *, missed: bool = False) -> None:
        """Note a figure."""
        self.figures.append(Figure(what, str(found), target, missed))

    def cpu(self, what: str, seconds: Mapping[str, float]) -> None:
        """Note seconds of processor time, by process."""
        self.add(what, ", ".join(f"{name} {used:.1f}" for name, used in seconds.items()))

    def counted(self, what: str, counted: Counter[str], target: str = "") -> None:
        """Note how often what was seen; with a target it should be nothing."""
        seen = ", ".join(f"{count} x {name}" for name, count in counted.items())
        self.add(what, seen or "none", target, missed=bool(target and seen))

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return not any(figure.missed for figure in self.figures)

    def __str__(self) -> str:
        lines = [self.title]
        for figure in self.figures:
            target = f"  ({figure.target}{': MISSED' if figure.missed else ''})" if figure.target else ""
            lines.append(f"  {figure.what}: {figure.found}{target}")
        return "\n".join(lines)

    def markdown(self) -> str:
        """Write it as a section with a table."""
        rows = [
            f"| {figure.what} | {figure.found} | {figure.target}{' **missed**' if figure.missed else ''} |"
            for figure in self.figures
        ]
        return "\n".join([f"## {self.title}", "", "| | found | target |", "|---|---|---|", *rows, ""])


def machine() -> str:
    """Name what the figures belong to."""
    parts = ", ".join(f"{part} {version(part)}" for part in PARTS)
    return f"{cost.machine()}, Linux {platform.release().partition('-')[0]}; {parts}"


def show(sheets: Iterable[Sheet], write: Callable[[list[Sheet]], None] | None = None) -> None:
    """Print each as soon as it is there, and write all; exit with 1 if a target is missed."""
    shown = []
    for sheet in sheets:
        typer.echo(str(sheet))
        shown.append(sheet)
    typer.echo(f"{machine()}; load average {cost.load()}", err=True)
    if write:
        write(shown)
    if not all(sheet.good for sheet in shown):
        raise typer.Exit(1)
