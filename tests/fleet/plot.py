"""The picture beside the tables: latency against load, and what a CALL costs against what there is more of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from growth import Step
from latency import Point
from matplotlib.figure import Figure
from yardstick.beside import Which

PANEL_INCHES = (4.6, 3.6)
DOTS_PER_INCH = 110
COLOURS = {Which.PRODUCT: "tab:blue", Which.BATCHED: "tab:orange"}
GREY = "0.85"
ROOM_ABOVE = 1.3
"""For the legend."""


@dataclass(frozen=True)
class Line:
    """One curve, in the order of x."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    style: str = "-"
    colour: str = "tab:blue"


@dataclass(frozen=True)
class Panel:
    """One diagram; a y axis that is not logarithmic begins at 0."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    x_scale: str = "linear"
    y_scale: str = "linear"


def latency(points: Sequence[Point]) -> Panel:
    """How long answers take at which load: half of them and 99 %, of the product and the yardstick."""
    lines = []
    for which, colour in COLOURS.items():
        shares = sorted({point.share for point in points if point.which is which})
        several = [
            [point for point in points if (point.which, point.share) == (which, each)] for each in shares
        ]
        loads = [median(point.due_per_second for point in same) for same in several]
        for name, label, style in (("p50_ms", "p50", "--"), ("p99_ms", "p99", "-")):
            values = [median(getattr(point.run, name) for point in same) for same in several]
            lines.append(Line(f"{which}, {label}", loads, values, style, colour))
    return Panel("answer time", "CALLs a second, 1 024 stations", "ms", lines, y_scale="log")


def growth(steps: Sequence[Step], what: str) -> Panel:
    """What a CALL costs with more and more of something, and what that is made of."""
    x = [step.many for step in steps]
    lines = [Line("in all", x, [step.net for step in steps])]
    for name, colour in zip(
        steps[0].processes, ("tab:green", "tab:red", "tab:purple", "tab:brown"), strict=True
    ):
        lines.append(Line(name, x, [step.own(name) for step in steps], "--", colour))
    scale = "log" if x[0] else "linear"
    return Panel("processor time of a CALL", what, "µs", lines, x_scale=scale)


def draw(path: Path, panels: Sequence[Panel]) -> None:
    """Write them side by side, as PNG."""
    width, height = PANEL_INCHES
    figure = Figure(figsize=(width * len(panels), height), layout="constrained")
    for panel, axes in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0], strict=True):
        _draw(panel, axes)
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})


def _draw(panel: Panel, axes: Any) -> None:  # noqa: ANN401 (matplotlib says no more of it)
    for line in panel.lines:
        axes.plot(line.x, line.y, line.style, color=line.colour, marker="o", markersize=3, label=line.label)
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel(panel.x)
    axes.set_ylabel(panel.y)
    axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    if panel.y_scale == "linear":
        highest = max(value for line in panel.lines for value in line.y)
        axes.set_ylim(0, highest * ROOM_ABOVE)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_figure)
        axis.grid(visible=True, color=GREY, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=1 if panel.y_scale == "log" else 3)


def _figure(value: float, _: int) -> str:
    return f"{value:g}" if value < 1 else f"{value:,.0f}".replace(",", " ")
