"""Events as they come: sentences for people at a terminal, JSON for scripts."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from ocppdiag_client.cli.sentences import sentence
from ocppdiag_contracts.events import (
    CommandRepeated,
    CommandSettled,
    CommandWaiting,
    CustomerInformationPartReceived,
    Event,
    EventReported,
    LogBytesReceived,
    LogStored,
    MonitoringReportPartReceived,
    Outcome,
)
from ocppdiag_contracts.model import as_text

ERROR, WARNING = 4, 6
"""Severities of monitors (OCPP 2.0.1 SetMonitoringLevelRequest: severity)."""

Part = MonitoringReportPartReceived | CustomerInformationPartReceived


class Show(Protocol):
    """Shows events as they come."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def event(self, event: Event) -> None:
        """Show one."""
        ...


class ShowJson:
    """One JSON object a line."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def event(self, event: Event) -> None:
        """Print it."""
        print(event.model_dump_json(), flush=True)  # noqa: T201 (this is the output)


class ShowText:
    """One sentence an event; a bar while bytes arrive, a count of what comes in parts, a line for what waits.

    Who sees several stations has no such line: any number of commands may wait.
    """

    def __init__(self, console: Console, *, with_station: bool = False) -> None:
        self._console = console
        self._with_station = with_station
        self._arriving = Progress(
            TextColumn("         receiving"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        )
        self._counting = Progress(TextColumn("         receiving part {task.completed}"))
        self._waiting = Progress(
            TextColumn("         waits for the station until {task.description}"),
            SpinnerColumn(),
            TimeElapsedColumn(),
        )
        group = Group(self._arriving, self._counting, self._waiting)
        self._live = Live(group, console=console, transient=True)
        self._bars: dict[str, TaskID] = {}
        self._counts: dict[str, TaskID] = {}
        self._waits: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def event(self, event: Event) -> None:
        """Print it, or move what moves."""
        if not self._with_station:
            self._wait(event)
        if isinstance(event, LogBytesReceived) and self._console.is_terminal:
            self._move(event)
            return
        if isinstance(event, Part) and event.command_id:
            self._count(event.command_id)
            return
        if isinstance(event, LogStored | CommandSettled) and event.command_id in self._bars:
            self._arriving.remove_task(self._bars.pop(event.command_id))
        if isinstance(event, CommandSettled) and event.command_id in self._counts:
            count = self._counted(event.command_id)
            self._print(event, f"received  {count} part{'' if count == 1 else 's'}")
        self._print(event, sentence(event), _style(event))

    def _print(self, event: Event, words: str, style: str | None = None) -> None:
        who = f"{event.station:<16} " if self._with_station else ""
        line = f"{event.time:%H:%M:%S} {who}{words}"
        self._console.print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    def _move(self, event: LogBytesReceived) -> None:
        bar = self._bars.get(event.command_id)
        if bar is None:
            bar = self._bars[event.command_id] = self._arriving.add_task("", total=event.total)
        self._arriving.update(bar, completed=event.bytes, total=event.total)

    def _wait(self, event: Event) -> None:
        """Draw the line of a command that waits; its next step takes it away."""
        command_id = getattr(event, "command_id", None)
        if command_id in self._waits and not isinstance(event, CommandRepeated):
            self._waiting.remove_task(self._waits.pop(command_id))
        if isinstance(event, CommandWaiting):
            self._waits[event.command_id] = self._waiting.add_task(as_text(event.until), total=None)

    def _count(self, command_id: str) -> None:
        if command_id not in self._counts:
            self._counts[command_id] = self._counting.add_task("", total=None)
        self._counting.advance(self._counts[command_id])

    def _counted(self, command_id: str) -> int:
        task = self._counts.pop(command_id)
        counted = next(int(known.completed) for known in self._counting.tasks if known.id == task)
        self._counting.remove_task(task)
        return counted


def _style(event: Event) -> str | None:
    match event:
        case CommandSettled():
            return "bold green" if event.outcome is Outcome.COMPLETED else "bold red"
        case EventReported(cleared=True):
            return "green"
        case EventReported(severity=int(severity)) if severity <= WARNING:
            return "bold red" if severity <= ERROR else "yellow"
        case _:
            return None
