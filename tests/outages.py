"""Whole processes that are killed and replaced, stations that drop their connection, and who waits for the outcome."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from bare import Answer, BareStation, Payload
from installation import Installation
from reports import GENERATED_AT, monitored

from ocppdiag_client import Diagnostics
from ocppdiag_contracts.commands import Command, IfOffline, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled, Event
from ocppdiag_contracts.model import now
from ocppdiag_local.stack import start

ACCEPTED: Payload = {"status": "Accepted"}


def kill(made: Installation, name: str) -> None:
    (victim,) = [process for process in made.running.processes if process.name == name]
    os.kill(victim.pid, signal.SIGKILL)


@asynccontextmanager
async def another_gateway(made: Installation) -> AsyncIterator[Installation]:
    """The same installation, reached through a gateway of another name."""
    variables = {
        "OCPPDIAG_AMQP_URL": made.services.amqp_url,
        "OCPPDIAG_REDIS_URL": made.services.redis_url,
        "OCPPDIAG_CREDENTIAL_KEY": made.keys.credential_key,
        "OCPPDIAG_PORT": "0",
        "OCPPDIAG_DRAIN_SECONDS": "3",
        "OCPPDIAG_NODE": f"test-{uuid4().hex[:12]}",
    }
    async with start("gateway", "ocppdiag_gateway", variables, lambda *_: None) as gateway:
        url = f"ws://127.0.0.1:{gateway.ready.result()['port']}"
        yield replace(made, running=replace(made.running, gateway_url=url))


def level(station: str, severity: int, wait: timedelta = timedelta(hours=1)) -> SetMonitoringLevel:
    return SetMonitoringLevel(
        station=station, severity=severity, if_offline=IfOffline.WAIT, wait_until=now() + wait
    )


async def heard(diagnostics: Diagnostics, command: Command, kind: type[Event]) -> Event:
    """The first event of this kind."""
    async with asyncio.timeout(20):
        async for event in diagnostics.follow(command):
            if isinstance(event, kind):
                return event
    raise AssertionError(kind)


async def end_of(diagnostics: Diagnostics, command: Command, within: float = 20) -> CommandSettled:
    return await asyncio.wait_for(diagnostics.settle(command), within)


async def until(there: Callable[[], object], within: float = 20) -> None:
    async with asyncio.timeout(within):
        while not there():  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0.02)


def asked(station: BareStation, action: str) -> list[Payload]:
    return [payload for name, payload in station.asked if name == action]


def silent_to(action: str) -> Callable[[str, Payload], Answer | None]:
    return lambda name, _: None if name == action else ACCEPTED


def tells_monitors(station: BareStation) -> None:
    """Have it answer GetMonitoringReport, and send a report of one part."""

    async def report(action: str, payload: Payload) -> None:
        if action == "GetMonitoringReport":
            part = {"requestId": payload["requestId"], "seqNo": 0, "generatedAt": GENERATED_AT}
            await station.say("NotifyMonitoringReport", {**part, "monitor": monitored(1, 2)})

    station.then = report
