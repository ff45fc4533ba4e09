"""The main job from nothing: services, processes, a station, a command, a file. `make demo`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from rich.console import Console

from ocppdiag_client.cli.report import report
from ocppdiag_client.cli.show import ShowText
from ocppdiag_client.client import Diagnostics
from ocppdiag_contracts.commands import GetLog, LogType
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.model import now
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services, services
from ocppdiag_local.stack import stack
from ocppdiag_process.logs import configure
from ocppdiag_redis import Credentials, Pipelined
from ocppdiag_station import ConnectionRefusedByGatewayError, SimulatedStation

STATION = "CS-1"
BYTES_PER_SECOND = 1_000_000.0
CONNECT_SECONDS = 20


def demo(console: Console, amqp_url: str | None) -> bool:
    """Run it and say whether the log was stored; the log stays, everything else is cleaned away."""
    say = partial(console.print, style="dim", highlight=False, soft_wrap=True)
    with services(amqp_url=amqp_url, say=say) as found:
        say(f"RabbitMQ and Redis: {found.origin}")
        settled = asyncio.run(_demo(console, found, Path(mkdtemp(prefix="ocppdiag-demo-"))))
    report(settled, console)
    return settled.outcome is Outcome.COMPLETED


def demo_elsewhere(console: Console, gateway_url: str, amqp_url: str, password: str | None) -> bool:
    """Do the same with an installation that is there, where the station is let in by this password.

    Raises ConnectionRefusedByGatewayError, BrokerError.
    """
    configure(level="error", process="station")
    settled = asyncio.run(_log_of_a_station(console, gateway_url, amqp_url, password))
    report(settled, console)
    return settled.outcome is Outcome.COMPLETED


async def _demo(console: Console, found: Services, folder: Path) -> CommandSettled:
    say = partial(console.print, style="dim", highlight=False, soft_wrap=True)
    configure(level="error", process="station")
    keys = Keys.new()
    with (folder / "processes.log").open("w") as log:

        def hear(name: str, said: dict[str, object]) -> None:
            print(name, said, file=log, flush=True)

        async with stack(found, keys, logs=folder / "logs", hear=hear) as running:
            say("gateway, worker and upload receiver are up; their log is " + log.name)
            redis = Pipelined.from_url(found.redis_url)
            password = await Credentials(redis, keys.credential_key.encode()).issue(STATION)
            await redis.aclose()
            return await _log_of_a_station(console, running.gateway_url, found.amqp_url, password)


async def _log_of_a_station(
    console: Console, gateway_url: str, amqp_url: str, password: str | None
) -> CommandSettled:
    station = SimulatedStation(STATION, password=password, bytes_per_second=BYTES_PER_SECOND)
    async with _booted(station, gateway_url):
        console.print(
            f"station {STATION} has connected with ocpp2.0.1 and booted; now another service asks for its log",
            style="dim",
            highlight=False,
            soft_wrap=True,
        )
        return await _ask(console, amqp_url)


@asynccontextmanager
async def _booted(station: SimulatedStation, gateway_url: str) -> AsyncIterator[None]:
    living = asyncio.create_task(station.run(gateway_url))
    booted = asyncio.create_task(station.booted.wait())
    await asyncio.wait((living, booted), timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    booted.cancel()
    if living.done():
        living.result()
    try:
        if not station.booted.is_set():
            raise ConnectionRefusedByGatewayError(f"{STATION} has not booted within {CONNECT_SECONDS} s")
        yield
    finally:
        await station.close()
        await living


async def _ask(console: Console, amqp_url: str) -> CommandSettled:
    command = GetLog(
        station=STATION,
        log_type=LogType.DIAGNOSTICS,
        oldest_timestamp=now() - timedelta(hours=20),
        deadline=now() + timedelta(minutes=2),
    )
    async with Diagnostics.connect(amqp_url, name="demo") as diagnostics:
        await diagnostics.send(command)
        with ShowText(console) as show:
            async for event in diagnostics.follow(command):
                show.event(event)
        return await diagnostics.settle(command)
