"""Events for people at a terminal, or for scripts."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from ocppdiag_contracts.events import (
    CommandAccepted,
    CommandQueued,
    CommandSent,
    CommandSettled,
    ConnectorStatusReported,
    Event,
    LogBytesReceived,
    LogStatusReported,
    LogStored,
    LogUploadBroken,
    Outcome,
    SecurityEventReported,
    StationBooted,
    StationConnected,
    StationDisconnected,
)


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
    """One sentence an event, and a bar while bytes arrive."""

    def __init__(self, console: Console, *, with_station: bool = False) -> None:
        self._console = console
        self._with_station = with_station
        self._progress = Progress(
            TextColumn("         receiving"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def event(self, event: Event) -> None:
        """Print it, or move the bar."""
        if isinstance(event, LogBytesReceived) and self._console.is_terminal:
            self._move(event)
            return
        if isinstance(event, LogStored | CommandSettled) and event.command_id in self._bars:
            self._progress.remove_task(self._bars.pop(event.command_id))
        who = f"{event.station:<16} " if self._with_station else ""
        style = _style(event)
        words = f"{event.time:%H:%M:%S} {who}{sentence(event)}"
        self._console.print(words, style=style, highlight=False, markup=False, soft_wrap=True)

    def _move(self, event: LogBytesReceived) -> None:
        bar = self._bars.get(event.command_id)
        if bar is None:
            bar = self._bars[event.command_id] = self._progress.add_task("", total=event.total)
        self._progress.update(bar, completed=event.bytes, total=event.total)


def _style(event: Event) -> str | None:
    if isinstance(event, CommandSettled):
        return "bold green" if event.outcome is Outcome.COMPLETED else "bold red"
    return None


def sentence(event: Event) -> str:
    """Say an event in words; what a station chose is printed without its control characters."""
    return "".join(character if character.isprintable() else "?" for character in _words(event))


def _words(event: Event) -> str:  # noqa: C901, PLR0912 (one case an event)
    match event:
        case CommandQueued():
            return f"queued    {event.command} {event.command_id}, request {event.request_id}"
        case CommandSent():
            return "sent      the request is on the wire"
        case CommandAccepted():
            return f"accepted  {event.status}" + (f", file {event.filename}" if event.filename else "")
        case LogStatusReported():
            return f"reported  {event.status}" + (
                "" if event.command_id else f" (request {event.request_id}, not ours)"
            )
        case LogBytesReceived():
            return f"received  {event.bytes} bytes" + (f" of {event.total}" if event.total else "")
        case LogUploadBroken():
            return f"broken    the upload ended after {event.bytes} bytes: {event.reason}"
        case LogStored():
            return f"stored    {event.file.size} bytes, sha256 {event.file.sha256}"
        case CommandSettled():
            why = f": {event.failure}, {event.detail}" if event.failure else ""
            return f"{event.outcome.value:<9} {event.command or 'command'} {event.command_id}{why}"
        case StationConnected():
            return f"connected to {event.node}, {event.version}"
        case StationDisconnected():
            return f"disconnected from {event.node}" + (f", code {event.code}" if event.code else "")
        case StationBooted():
            return f"booted    {event.vendor} {event.model} ({event.reason}), answered {event.answered}"
        case ConnectorStatusReported():
            return f"connector {event.evse_id}.{event.connector_id} is {event.status}"
        case SecurityEventReported():
            return f"security  {event.type}" + (f": {event.tech_info}" if event.tech_info else "")
