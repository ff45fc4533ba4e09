"""How many station CALLs per second come back answered: gateway, broker, worker, Redis and back, on this machine.

Closed loop: every station has one CALL under way. A run counts until nothing is under way any more, so what is
answered is also done. Any error makes the exit code 1.
"""

import asyncio
import gc
import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import cost
import typer
import uvloop
from stations import Station, Tally

from ocppdiag_client.client import Diagnostics
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandAccepted
from ocppdiag_contracts.model import now
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services, services
from ocppdiag_local.stack import Stack, stack
from ocppdiag_process import configure
from ocppdiag_redis import Credentials, Pipelined

WARM_UP_SECONDS = 3.0
DRAIN_SECONDS = 30.0
PREPARE_SECONDS = 120.0
AT_ONCE = 256  # new connections
SPARE_FILES = 200
UNKNOWN_REQUEST = 2**31 - 1


class Action(StrEnum):
    """What the stations call."""

    LOG_STATUS = "LogStatusNotification"
    HEARTBEAT = "Heartbeat"


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    stations: int
    seconds: float
    repeat: int
    action: Action
    uncorrelated: bool

    def __str__(self) -> str:
        what = f"{self.action}{' of no operation' if self.uncorrelated else ''}"
        return (
            f"{what}, one under way from each of {self.stations} stations, {self.repeat} x {self.seconds:g} s"
        )

    @property
    def lasting(self) -> timedelta:
        """The longest that it can take."""
        return timedelta(seconds=PREPARE_SECONDS + (self.repeat + 1) * (self.seconds + DRAIN_SECONDS))

    def call(self, request_id: int) -> bytes:
        """Action and payload, for a station whose open GetLog has this requestId."""
        if self.action is Action.HEARTBEAT:
            return b'"Heartbeat",{}'
        told = UNKNOWN_REQUEST if self.uncorrelated else request_id
        return b'"LogStatusNotification",{"status":"Uploading","requestId":%d}' % told


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = 256,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each repetition.")] = 20,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = 3,
    action: Annotated[Action, typer.Option()] = Action.LOG_STATUS,
    uncorrelated: Annotated[
        bool, typer.Option("--uncorrelated", help="Report on no operation of ours: an event for every call.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every repetition, in JSON.")] = False,
) -> None:
    """Measure, print medians (lowest to highest), and exit with 1 on any error."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES
    if stations > most:
        raise typer.BadParameter(f"--stations: at most {most}, by this shell's limit of open files")
    plan = Plan(stations, seconds, repeat, action, uncorrelated)
    complaints: Counter[str] = Counter()
    failed = False

    def hear(process: str, line: dict[str, Any]) -> None:
        nonlocal failed
        if line.get("level") in ("warning", "error", "critical"):
            complaints[f"{process}: {line.get('event')}"] += 1
            failed = failed or line["level"] != "warning"

    before = cost.load()
    with services(say=lambda text: typer.echo(text, err=True)) as found, TemporaryDirectory() as folder:
        runs = uvloop.run(_bench(plan, found, Path(folder), hear))
    facts = {
        "calls": str(plan),
        "machine": cost.machine(),
        "services": found.origin,
        "load average": f"{before} before, {cost.load()} after",
        "complaints": dict(complaints),
    }
    if as_json:
        typer.echo(json.dumps({**facts, "repetitions": [asdict(run) for run in runs]}, indent=2))
    else:
        typer.echo(cost.table(facts, runs))
    if failed or any(run.errors for run in runs):
        raise typer.Exit(1)


async def _bench(
    plan: Plan, found: Services, folder: Path, hear: Callable[[str, dict[str, Any]], None]
) -> list[cost.Run]:
    configure(level="error", process="bench", readable=False)
    keys = Keys.new()
    async with stack(found, keys, logs=folder, hear=hear) as running:
        async with asyncio.timeout(PREPARE_SECONDS):
            crowd = await _connected(found, keys, running, plan.stations)
            await _asked_for_logs(found, crowd, now() + plan.lasting)
        for station in crowd:
            station.what = plan.call(station.asked.result())
        pids = {process.name: process.pid for process in running.processes}
        # Where they run elsewhere, in containers or on other machines, their cost is not seen.
        servers = {"RabbitMQ": cost.descendant("beam.smp"), "Redis": cost.descendant("redis-server")}
        pids |= {name: pid for name, pid in servers.items() if pid is not None}
        pids["load generator"] = os.getpid()
        gc.collect()
        gc.freeze()
        warm_up = await _run(crowd, pids, WARM_UP_SECONDS)
        runs: list[cost.Run] = []
        while not (runs[-1] if runs else warm_up).errors and len(runs) < plan.repeat:
            runs.append(await _run(crowd, pids, plan.seconds))
        for station in crowd:
            station.close()
    return runs or [warm_up]


async def _connected(found: Services, keys: Keys, running: Stack, count: int) -> list[Station]:
    redis = Pipelined.from_url(found.redis_url)
    credentials = Credentials(redis, keys.credential_key.encode())
    turn = asyncio.Semaphore(AT_ONCE)

    async def connected(name: str) -> Station:
        station = Station(name, await credentials.issue(name), running.gateway_url)
        async with turn:
            await station.connect()
        return station

    try:
        return await asyncio.gather(*(connected(f"CS-{number}") for number in range(count)))
    finally:
        await redis.aclose()


async def _asked_for_logs(found: Services, crowd: list[Station], deadline: datetime) -> None:
    """Open one GetLog for each station, which accepts it and then never finishes."""
    async with Diagnostics.connect(found.amqp_url, name="bench") as diagnostics:

        async def accepted(name: str) -> None:
            command = GetLog(station=name, deadline=deadline)
            await diagnostics.send(command)
            async for event in diagnostics.follow(command):
                if isinstance(event, CommandAccepted):
                    return
            raise RuntimeError(f"{name}'s GetLog ended with {await diagnostics.settle(command)}")

        await asyncio.gather(*(accepted(station.name) for station in crowd))


async def _run(crowd: list[Station], pids: dict[str, int], seconds: float) -> cost.Run:
    tally = Tally()
    used, machine = _used(pids, tally), cost.machine_seconds()
    began = time.perf_counter()
    for station in crowd:
        station.start(tally)
    await asyncio.sleep(seconds)
    try:
        await asyncio.wait_for(tally.rest(), DRAIN_SECONDS)
    except TimeoutError:
        tally.errors[f"no answer in {DRAIN_SECONDS:g} s"] += tally.outstanding
    elapsed = time.perf_counter() - began
    machine = cost.machine_seconds() - machine
    calls = sorted(tally.seconds) or [0.0]
    return cost.Run(
        calls_per_second=len(tally.seconds) / elapsed,
        p50_ms=calls[len(calls) // 2] * 1e3,
        p99_ms=calls[len(calls) * 99 // 100] * 1e3,
        cpu={
            name: max(0.0, after - used[name]) / len(calls) * 1e6
            for name, after in _used(pids, tally).items()
        },
        cores_busy=machine / elapsed,
        errors=dict(tally.errors),
    )


def _used(pids: dict[str, int], tally: Tally) -> dict[str, float]:
    used = {}
    for name, pid in pids.items():
        try:
            used[name] = cost.cpu_seconds(pid)
        except FileNotFoundError:
            used[name] = 0.0
            tally.errors[f"the {name} has ended by itself"] += 1
    return used


if __name__ == "__main__":
    typer.run(main)
