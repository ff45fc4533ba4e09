"""An in-memory double of the client for other teams' tests: no broker, no station, the same behaviour."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256

from ocppdiag_client.stream import Streams
from ocppdiag_contracts.commands import Command, CommandModel, GetLog, read_command
from ocppdiag_contracts.events import (
    CommandAccepted,
    CommandQueued,
    CommandSent,
    CommandSettled,
    Event,
    LogFile,
    LogStatusReported,
    LogStored,
    Outcome,
)
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.model import now

DEFAULT_LOG = b"2026-01-01T00:00:00Z startup\n"


@dataclass(frozen=True, slots=True)
class DoubleStation:
    """A station of the double: it uploads `log`, or ends every command with `failure`."""

    log: bytes = DEFAULT_LOG
    failure: Failure | None = None
    outcome: Outcome = Outcome.FAILED


class InMemoryDiagnostics:
    """Use it where a `Diagnostics` is wanted.

    >>> double = InMemoryDiagnostics()
    >>> double.add_station("CS-1", log=b"...")
    """

    def __init__(self) -> None:
        self._streams = Streams()
        self._stations: dict[str, DoubleStation] = {}
        self._begun: dict[tuple[str, str], CommandSettled | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchers: set[asyncio.Queue[Event]] = set()
        self.sent: list[Command] = []
        """Every command that was sent, for assertions."""

    def add_station(self, station: str, *, log: bytes = DEFAULT_LOG) -> None:
        """Have a connected station that uploads this log. Raises ValueError for an impossible name."""
        self._stations[station_id(station)] = DoubleStation(log)

    def add_failing_station(
        self, station: str, failure: Failure, *, outcome: Outcome = Outcome.FAILED
    ) -> None:
        """Have a station whose commands all end so. Raises ValueError for an impossible name."""
        self._stations[station_id(station)] = DoubleStation(b"", failure, outcome)

    async def send(self, command: Command, *, patience: float = 30.0) -> None:  # noqa: ARG002 (the client's own)
        """As Diagnostics.send, confirmed at once. Raises InvalidCommandError."""
        read_command(command.model_dump_json(exclude_none=True, warnings=False).encode())
        self._streams.open(command)
        self.sent.append(command)
        key = (command.station, command.id)
        if key not in self._begun:
            self._begun[key] = None
            task = asyncio.create_task(self._play(command))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif settled := self._begun[key]:
            self._streams.feed(settled)

    async def settle(self, command: CommandModel) -> CommandSettled:
        """As Diagnostics.settle."""
        return await self._streams.settle(command)

    async def follow(self, command: CommandModel) -> AsyncIterator[Event]:
        """As Diagnostics.follow."""
        async for event in self._streams.find(command).follow():
            yield event

    async def watch(self, *keys: str) -> AsyncGenerator[Event, None]:  # noqa: ARG002 (the client's own)
        """As Diagnostics.watch, for all events whatever the keys."""
        heard: asyncio.Queue[Event] = asyncio.Queue()
        self._watchers.add(heard)
        try:
            while True:
                yield await heard.get()
        finally:
            self._watchers.discard(heard)

    async def _play(self, command: Command) -> None:
        for event in _story(command, self._stations.get(command.station)):
            await asyncio.sleep(0)
            if isinstance(event, CommandSettled):
                self._begun[command.station, command.id] = event
            self._streams.feed(event)
            for watcher in self._watchers:
                watcher.put_nowait(event)


def _story(command: GetLog, station: DoubleStation | None) -> Iterator[Event]:
    """The events of one command, with the ids that the workers would give them."""

    def said(step: str) -> dict[str, object]:
        return {
            "id": f"{command.station}/{command.id}/{step}",
            "time": now(),
            "station": command.station,
            "command_id": command.id,
        }

    def ended(
        outcome: Outcome, failure: Failure | None = None, result: LogFile | None = None
    ) -> CommandSettled:
        return CommandSettled.model_validate(
            {
                **said("settled"),
                "command": command.command,
                "outcome": outcome,
                "failure": failure,
                "retry": failure.retry if failure else None,
                "result": result,
            }
        )

    queued = {"command": command.command, "request_id": 1, "deadline": command.due}
    yield CommandQueued.model_validate({**said("queued"), **queued})
    if command.due <= now():
        yield ended(Outcome.EXPIRED, Failure.DEADLINE_PASSED)
        return
    if station is None:
        yield ended(Outcome.REJECTED, Failure.UNKNOWN_STATION)
        return
    if station.failure:
        yield ended(station.outcome, station.failure)
        return
    yield CommandSent.model_validate(said("sent"))
    yield CommandAccepted.model_validate(
        {**said("accepted"), "status": "Accepted", "filename": "station.log"}
    )
    yield LogStatusReported.model_validate({**said("status/1.1"), "request_id": 1, "status": "Uploading"})
    file = LogFile(
        location=f"memory:///{command.station}/{command.id}.log",
        size=len(station.log),
        sha256=sha256(station.log).hexdigest(),
        filename="station.log",
    )
    yield LogStored.model_validate({**said("stored"), "file": file})
    yield LogStatusReported.model_validate({**said("status/1.2"), "request_id": 1, "status": "Uploaded"})
    yield ended(Outcome.COMPLETED, result=file.model_copy(update={"reported": "Uploaded"}))
