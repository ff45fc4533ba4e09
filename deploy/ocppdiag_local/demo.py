"""The main job from nothing: services, processes, a station, a command, a file. `make demo`."""

import asyncio
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
from ocppdiag_station import SimulatedStation

STATION = "CS-1"
BYTES_PER_SECOND = 1_000_000.0
CONNECT_SECONDS = 20


def demo(console: Console) -> bool:
    """Run it and say whether the log was stored; the log stays, everything else is cleaned away."""
    say = partial(console.print, style="dim", highlight=False, soft_wrap=True)
    with services(say=say) as found:
        say(f"RabbitMQ and Redis: {found.origin}")
        settled = asyncio.run(_demo(console, found, Path(mkdtemp(prefix="ocppdiag-demo-"))))
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
            station = SimulatedStation(STATION, password=password, bytes_per_second=BYTES_PER_SECOND)
            living = asyncio.create_task(station.run(running.gateway_url))
            await asyncio.wait_for(station.booted.wait(), CONNECT_SECONDS)
            say(
                f"station {STATION} has connected with ocpp2.0.1 and booted; now another service asks for its log"
            )
            settled = await _ask(console, found.amqp_url)
            await station.close()
            await living
            return settled


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
