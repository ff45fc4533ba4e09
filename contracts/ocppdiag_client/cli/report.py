"""What a command has brought, for people."""

import json

from rich.console import Console

from ocppdiag_client.cli.sentences import printable
from ocppdiag_client.cli.tables import show
from ocppdiag_contracts.events import (
    Answer,
    CommandSettled,
    CustomerReport,
    Irregularity,
    LogElsewhere,
    LogFile,
    MonitoringReport,
    MonitorsCleared,
    MonitorsSet,
    OpenCommands,
    TriggeredLogStatus,
)
from ocppdiag_contracts.events.results import Report

MOST_NAMED = 20

_IRREGULAR: dict[str, str] = {
    Irregularity.FIRST_PART_MISSING: "its parts count from 1",
    Irregularity.SAME_NUMBER: "all its parts have one number; they are in the order in which they came",
    Irregularity.CONFLICT: "some of its parts have one number and different content; the first of them counts",
    Irregularity.EMPTY_PART: "some of its parts are empty, which stations that lose data do: ask with narrower filters",
}


def report(settled: CommandSettled, console: Console) -> None:  # noqa: C901, PLR0912 (one case a kind)
    """Print what a command has brought."""
    match settled.result:
        case None:
            return
        case LogFile() as file:
            _say(
                console,
                f"\nfile    {file.location}\nsize    {file.size} bytes\nsha256  {file.sha256}"
                f"\nevent   {settled.model_dump_json(exclude_none=True)}",
            )
        case LogElsewhere() as log:
            _say(console, f"the station has sent {log.filename or 'the log'} to {log.host}")
        case TriggeredLogStatus() as log:
            request = "" if log.request_id is None else f", request {log.request_id}"
            _say(console, f"the station's log upload: {log.status}{request}")
        case Answer() as answer:
            why = f": {answer.reason_code}" if answer.reason_code else ""
            _say(console, f"the station has answered {answer.status}{why}")
        case MonitoringReport() as monitors:
            if monitors.monitor is None:
                _say(console, "the monitors were told once and are not kept: ask again")
            elif monitors.monitor:
                show(monitors, console)
            else:
                _say(console, "no monitors")
            warn(monitors, console)
        case MonitorsSet() | MonitorsCleared() as results:
            show(results, console)
        case OpenCommands() as standing:
            if standing.commands:
                show(standing, console)
            else:
                _say(console, "no open commands")
        case CustomerReport() as customer:
            _say(console, customer.data or "")
            if customer.local_list:
                _say(console, f"the station's local list: {customer.local_list}")
            warn(customer, console)
        case dict() as newer:
            _say(console, json.dumps(newer, indent=2))


def warn(result: Report, console: Console) -> None:
    """Say in a line what was wrong with a report that came in parts."""
    wrong = [_IRREGULAR.get(each, printable(each)) for each in result.irregularities]
    if result.missing:
        named = ", ".join(map(str, result.missing[:MOST_NAMED]))
        wrong.insert(0, f"parts {named}{', ...' if len(result.missing) > MOST_NAMED else ''} have not come")
    if wrong:
        console.print(
            f"warning: of this report, {'; '.join(wrong)}", style="bold yellow", markup=False, soft_wrap=True
        )


def _say(console: Console, text: str) -> None:
    """Print text as it is, without what would steer the terminal."""
    lines = "\n".join("".join(filter(str.isprintable, line)) for line in text.expandtabs().splitlines())
    console.print(lines, markup=False, highlight=False, soft_wrap=True)
