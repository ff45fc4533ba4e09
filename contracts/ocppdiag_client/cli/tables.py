"""Results that are tables: the same cells for people and for CSV."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console

from ocppdiag_client.cli.grid import draw
from ocppdiag_client.cli.notation import named, where
from ocppdiag_client.cli.sentences import printable
from ocppdiag_contracts.events import MonitoringReport, MonitorsCleared, MonitorsSet, OpenCommands
from ocppdiag_contracts.model import as_text

Tabular = MonitoringReport | MonitorsSet | MonitorsCleared | OpenCommands

NOTHING_SAID = "no answer"
"""The status of an item that the station has passed over."""

_FORMULA = re.compile(r"[=+@-]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")

_STYLES = {"Accepted": "green", NOTHING_SAID: "bold red"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Text in rows and columns."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def cells(result: Tabular) -> Cells:
    """Lay a result out."""
    match result:
        case MonitoringReport():
            head = "component evse variable id type value severity transaction"
            rows = _monitors(result)
        case MonitorsSet():
            head = "component evse variable type severity status id reason"
            rows = _set(result)
        case MonitorsCleared():
            head = "id status reason"
            rows = _cleared(result)
        case OpenCommands():
            head = "command_id command state request deadline waits_until"
            rows = _open(result)
    return Cells(tuple(head.split()), [tuple(map(printable, row)) for row in rows])


def _monitors(report: MonitoringReport) -> Iterator[tuple[str, ...]]:
    for data in report.monitor or ():
        for monitor in data.variable_monitoring:
            yield (
                named(data.component),
                where(data.component),
                named(data.variable),
                str(monitor.id),
                str(monitor.type),
                repr(monitor.value).removesuffix(".0"),
                str(monitor.severity),
                "yes" if monitor.transaction else "no",
            )


def _set(result: MonitorsSet) -> Iterator[tuple[str, ...]]:
    for one in result.results:
        yield (
            named(one.component),
            where(one.component),
            named(one.variable),
            str(one.type),
            str(one.severity),
            one.status or NOTHING_SAID,
            "" if one.id is None else str(one.id),
            one.reason_code or "",
        )


def _cleared(result: MonitorsCleared) -> Iterator[tuple[str, ...]]:
    for one in result.results:
        yield str(one.id), one.status or NOTHING_SAID, one.reason_code or ""


def _open(result: OpenCommands) -> Iterator[tuple[str, ...]]:
    for one in result.commands:
        yield (
            one.command_id,
            one.command,
            one.state,
            "" if one.request_id is None else str(one.request_id),
            as_text(one.deadline),
            "" if one.waits_until is None else as_text(one.waits_until),
        )


def show(result: Tabular, console: Console) -> None:
    """Draw a result; a status is coloured by whether it is good."""
    laid = cells(result)
    draw(
        console,
        laid.head,
        laid.rows,
        lambda name, cell: _STYLES.get(cell, "yellow") if name == "status" else "",
    )


def write_csv(result: Tabular, out: TextIO) -> None:
    """Write a result with its head as CSV; what a spreadsheet would run gets an apostrophe, which makes it text."""
    laid = cells(result)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(laid.head)
    writer.writerows(tuple(map(_inert, row)) for row in laid.rows)


def _inert(cell: str) -> str:
    """Keep a number as it is; tabs and line ends, which hide a formula, were made printable before."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
