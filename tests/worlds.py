"""A client with stations, in memory and for real: what a test says of one has to hold for the other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from installation import Installation

from ocppdiag_client import Diagnostics
from ocppdiag_client.testing import InMemoryDiagnostics
from ocppdiag_contracts.commands import Command, WantedMonitor
from ocppdiag_contracts.device_model import Component, Evse, Monitor, MonitoringData, MonitorType, Variable
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_station.customers import CUSTOMERS

Client = Diagnostics | InMemoryDiagnostics
World = Callable[[], AbstractAsyncContextManager[Client]]
IN_MEMORY, REAL = "in memory", "real"

TEXTS = {customer.identifier: customer.text for customer in CUSTOMERS if customer.identifier}
TOKENS = {customer.token[0]: customer.text for customer in CUSTOMERS if customer.token}

POWER = MonitoringData(
    component=Component(name="EVSE", evse=Evse(id=1)),
    variable=Variable(name="Power"),
    variable_monitoring=[
        Monitor(id=1, type=MonitorType.UPPER_THRESHOLD, severity=4, value=22000, transaction=False)
    ],
)

WANTED = WantedMonitor(
    component=Component(name="EVSE", evse=Evse(id=1)),
    variable=Variable(name="Temperature"),
    type=MonitorType.UPPER_THRESHOLD,
    value=44.5,
    severity=7,
)


@pytest.fixture(params=[IN_MEMORY, REAL])
def world(request: pytest.FixtureRequest, name: str) -> World:
    """A client, a good station `<name>`, and one that rejects, `<name>-rejects`."""

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Client]:
        double = InMemoryDiagnostics()
        double.add_station(name, monitors=[POWER] * 6, customers=TEXTS | TOKENS)
        double.add_failing_station(f"{name}-rejects", Failure.REJECTED, outcome=Outcome.REJECTED)
        yield double

    @asynccontextmanager
    async def real() -> AsyncIterator[Client]:
        installation: Installation = request.getfixturevalue("installation")
        async with (
            installation.station(name),
            installation.station(f"{name}-rejects", "rejects"),
            installation.diagnostics() as diagnostics,
        ):
            yield diagnostics

    if request.param == IN_MEMORY:
        return in_memory
    request.getfixturevalue("installation")
    return real


@dataclass(frozen=True, slots=True)
class Absence:
    """A client, and a known station that has no connection."""

    client: Client
    station: str
    over: Callable[[], AbstractAsyncContextManager[object]]
    """Within it the station is connected and has booted."""
    restarted: Callable[[], AbstractAsyncContextManager[Client]]
    """A client that has sent nothing yet, as far as those can be told apart."""


Absent = Callable[[], AbstractAsyncContextManager[Absence]]


@pytest.fixture(params=[IN_MEMORY, REAL])
def absent(request: pytest.FixtureRequest, name: str) -> Absent:
    """A client and a station that is away."""

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Absence]:
        double = InMemoryDiagnostics()
        double.add_station(name, connected=False)

        @asynccontextmanager
        async def over() -> AsyncIterator[None]:
            double.connect(name)
            yield
            double.disconnect(name)

        @asynccontextmanager
        async def restarted() -> AsyncIterator[Client]:
            yield double

        yield Absence(double, name, over, restarted)

    @asynccontextmanager
    async def real() -> AsyncIterator[Absence]:
        installation: Installation = request.getfixturevalue("installation")
        await installation.password(name)
        async with installation.diagnostics() as diagnostics:
            yield Absence(diagnostics, name, lambda: installation.station(name), installation.diagnostics)

    if request.param == IN_MEMORY:
        return in_memory
    request.getfixturevalue("installation")
    return real


async def settled(client: Client, command: Command) -> CommandSettled:
    await client.send(command)
    return await asyncio.wait_for(client.settle(command), 20)
