"""What the in-memory double remembers of its commands: how far each is, and which of them wait for their station."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

from ocppdiag_contracts.commands import (
    Command,
    CommandModel,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    StationCommand,
)
from ocppdiag_contracts.events import CommandSettled, Event, OpenCommand
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now

REQUEST_ID = 1


class State(StrEnum):
    """How far a command is, each said by the event of its name."""

    QUEUED = "queued"
    WAITING = "waiting"
    SENT = "sent"
    ACCEPTED = "accepted"


class Begun:
    """One command: its state, its end when it has one, and a bell that ends its waiting."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.state = State.QUEUED
        self.revision = 0
        """How many events it has had."""
        self.settled: CommandSettled | None = None
        self.taken_back = False
        self._bell = asyncio.Event()

    @property
    def request_id(self) -> int | None:
        """OCPP's requestId, where it has one."""
        numbered = isinstance(self.command, GetLog | GetMonitoringReport | CustomerInformation)
        return REQUEST_ID if numbered else None

    def told(self, event: Event) -> None:
        """Keep up with what is told of it."""
        self.revision += 1
        if isinstance(event, CommandSettled):
            self.settled = event
        else:
            with suppress(ValueError):
                self.state = State(event.event.removeprefix("command_"))

    async def wait(self, until: datetime) -> None:
        """Wait for the bell, or until the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout((until - now()).total_seconds()):
                await self._bell.wait()
        self._bell.clear()

    def ring(self) -> None:
        """Have it look whether its station is there now, or somebody has taken it back."""
        self._bell.set()

    def shown(self) -> OpenCommand:
        """Tell how far it is, in a list."""
        command = self.command
        waits_until = command.waits_until if isinstance(command, StationCommand) else None
        return OpenCommand(
            command_id=command.id,
            command=command.command,
            state=self.state,
            request_id=self.request_id,
            deadline=command.due,
            waits_until=waits_until if self.state is State.WAITING else None,
        )


class Book:
    """All commands of a double, in the order in which they were begun."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], Begun] = {}

    def find(self, station: str, command_id: str) -> Begun | None:
        """Return a command that was sent before, if it was."""
        return self._begun.get((station, command_id))

    def begin(self, command: Command) -> Begun:
        """Write a new one down."""
        begun = self._begun[command.station, command.id] = Begun(command)
        return begun

    def ring(self, station: str) -> None:
        """Ring for each that waits for a station."""
        for begun in self._open(station):
            begun.ring()

    def shown(self, other_than: CommandModel) -> list[OpenCommand]:
        """List what is open for the station of a command, without that."""
        return [
            begun.shown() for begun in self._open(other_than.station) if begun.command.id != other_than.id
        ]

    def take_back(self, station: str, command_id: str) -> Failure | None:
        """End the waiting of a command; or say why not."""
        begun = self.find(station, command_id)
        if begun is None:
            return Failure.UNKNOWN_COMMAND
        if begun.settled or begun.state is not State.WAITING:
            return Failure.TOO_LATE
        begun.taken_back = True
        begun.ring()
        return None

    def _open(self, station: str) -> Iterator[Begun]:
        for begun in self._begun.values():
            if begun.command.station == station and not begun.settled:
                yield begun
