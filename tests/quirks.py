"""Stations that do something wrong, and what a service then sees: of its command, and of all that the station says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest_asyncio
from installation import Installation
from structlog.testing import capture_logs

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, Failure, Outcome
from ocppdiag_contracts.commands import Command, SetMonitoringLevel
from ocppdiag_contracts.events import Event, EventModel
from ocppdiag_contracts.model import now
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station import SimulatedStation

PATIENCE_SECONDS = 15.0

E = TypeVar("E", bound=EventModel)


@dataclass
class Seen:
    """What a service sees of one command."""

    settled: CommandSettled
    events: list[Event]

    @property
    def end(self) -> tuple[Outcome, Failure | str | None]:
        return self.settled.outcome, self.settled.failure

    @property
    def result(self) -> Any:  # noqa: ANN401 (the test knows which)
        return self.settled.result

    @property
    def words(self) -> str:
        """What the final event says for people: ours, and the station's own."""
        return self.settled.model_dump_json(include={"detail", "reason"})

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Faulty:
    """A station with a fault; `heard` is all that anybody can hear of it."""

    station: SimulatedStation
    operator: Diagnostics
    heard: list[Event]
    lines: list[Any]

    @property
    def name(self) -> str:
        return self.station.station

    @property
    def refused(self) -> list[str]:
        """The CALLERRORs that the station was answered with."""
        return [
            line["error"]
            for line in self.lines
            if line["event"] == "csms_refused" and line["station"] == self.name
        ]

    @property
    def asked(self) -> list[str]:
        """What the station was asked."""
        return [
            line["request"]
            for line in self.lines
            if line["event"] == "station_asked" and line["station"] == self.name
        ]

    async def begin(self, kind: type[Command], *, seconds: float = 10, **fields: object) -> Command:
        """Send a command with its deadline so many seconds from now."""
        command = kind.model_validate(
            {"station": self.name, "deadline": now() + timedelta(seconds=seconds), **fields}
        )
        await self.operator.send(command)
        return command

    async def end(self, command: Command) -> Seen:
        """Wait for a command's end."""
        left = (command.due - now()).total_seconds()
        settled = await asyncio.wait_for(self.operator.settle(command), left + PATIENCE_SECONDS)
        return Seen(settled, [event async for event in self.operator.follow(command)])

    async def ask(self, kind: type[Command], *, seconds: float = 10, **fields: object) -> Seen:
        """Send a command, and wait for its end."""
        return await self.end(await self.begin(kind, seconds=seconds, **fields))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, kind: type[E], count: int = 1) -> list[E]:
        """Wait until so many of a kind were heard."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.of(kind)) < count:  # noqa: ASYNC110 (the list has no bell)
                await asyncio.sleep(0.02)
        return self.of(kind)

    async def goes_on(self) -> None:
        """The station is connected as before, and the next command works."""
        seen = await self.ask(SetMonitoringLevel, severity=9)
        assert seen.end == (Outcome.COMPLETED, None), seen.settled


class Faults:
    """Faulty stations of one test, named after it; one client hears of all of them."""

    def __init__(
        self, installation: Installation, operator: Diagnostics, name: str, lines: list[Any]
    ) -> None:
        self.installation = installation
        self.operator = operator
        self._name = name
        self._lines = lines
        self._count = 0
        self.heard: dict[str, list[Event]] = {}

    @asynccontextmanager
    async def station(self, scenario: str, version: OcppVersion = OcppVersion.V201) -> AsyncIterator[Faulty]:
        self._count += 1
        name = f"{self._name}-{self._count}"
        heard = self.heard.setdefault(name, [])
        async with self.installation.station(name, scenario, version) as station:
            yield Faulty(station, self.operator, heard, self._lines)

    async def hear(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.heard.setdefault(event.station, []).append(event)


@pytest_asyncio.fixture(loop_scope="session")
async def faults(installation: Installation, name: str) -> AsyncIterator[Faults]:
    """Stations with faults."""
    with capture_logs() as lines:
        async with installation.diagnostics() as operator, operator.listen("#") as heard:
            made = Faults(installation, operator, name, lines)
            hearing = asyncio.create_task(made.hear(heard))
            try:
                yield made
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)


async def together(*cases: Awaitable[None]) -> None:
    """Play cases side by side, most of which wait; all of them end before the first failure is told."""
    for ended in await asyncio.gather(*cases, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
