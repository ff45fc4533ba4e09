"""Where the processor time of gateway and worker goes, room by room: the product's beside the batched yardstick's.

py-spy looks a hundred times a second at what a process is at. A sample belongs to the innermost room on its stack, so
that a library's time is that library's and not that of who called it; time outside of Python (the loop's system calls,
what C code does without a Python frame of its own) is its caller's. The shares are applied to the microseconds of a
stretch that nobody looked into.
"""

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop
from aiohttp import ClientSession
from answering import Crowd
from asking import Asker, again_and_again
from calling import age
from calls import STATIONS, WARM_UP_SECONDS, closed_loop, freeze
from commands_rate import ELSEWHERE, Logging, somewhere_else, uploaded
from ground import Fleet, fleet
from parts_rate import Reports
from sheet import Sheet, show
from yardstick.beside import Pipeline, Which, beside

from ocppdiag_contracts.commands import GetMonitoringReport

PER_SECOND = 100
SECONDS = 6.0
PARTS = 20
LEAST = 0.02
"""A room with a smaller share everywhere is not listed."""

WATCHED = ("gateway", "worker")
OTHERS = "others"

ROOMS = {
    "websockets/": "websockets",
    "redis/": "redis-py",
    "ocppdiag_redis/": "Redis, our pipelines",
    "aiormq/": "AMQP, aio-pika",
    "aio_pika/": "AMQP, aio-pika",
    "pamqp/": "AMQP, aio-pika",
    "ocppdiag_amqp/": "AMQP, our lanes and press",
    "ocppdiag_contracts/link": "records between gateway and worker",
    "ocppdiag_contracts/": "events and commands (pydantic)",
    "pydantic/": "events and commands (pydantic)",
    "ocppdiag_ocpp/frames": "OCPP frames",
    "ocppdiag_ocpp/": "OCPP payloads (pydantic)",
    "ocppdiag_gateway/": "gateway's own",
    "ocppdiag_workers/features/": "deciding",
    **{
        f"ocppdiag_workers/{name}": "deciding"
        for name in ("begin", "calls", "decide", "dialect", "feature", "itemised", "lifecycle", "log_upload",
                     "news", "operation", "parts", "report", "straight", "table", "unbegun", "written")
    },
    **{f"ocppdiag_workers/{name}": "records in Redis" for name in ("memory", "records", "scripts", "presence")},
    "ocppdiag_workers/": "batches, orders, letters",
    "yardstick/": "the yardstick's own",
    "structlog/": "log",
    "ocppdiag_process/logs": "log",
    "asyncio/runners": "loop and system calls",
}  # fmt: skip
"""By the beginning of a file's name, the first that fits."""

Shares = Mapping[str, float]


def room(stack: str) -> str:
    """The room of a sample: `outermost (file:line);...;innermost (file:line)`."""
    for frame in reversed(stack.split(";")):
        path = frame.rpartition("(")[2]
        for beginning, name in ROOMS.items():
            if path.startswith(beginning):
                return name
    return OTHERS


def shares(samples: str) -> Shares:
    """Of py-spy's raw output: a stack and its count a line."""
    counted: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        counted[room(stack)] += int(count)
    return {name: count / counted.total() for name, count in counted.items()}


@dataclass(frozen=True)
class Spent:
    """What one thing costs, in microseconds of processor time: by process, then by room."""

    what: str
    rooms: Mapping[str, Mapping[str, float]]


@asynccontextmanager
async def watched(pids: Mapping[str, int], seconds: float) -> AsyncIterator[dict[str, Shares]]:
    """Look into processes for so long, at least; their shares are there when the block has ended. Raises OSError."""
    found: dict[str, Shares] = {}
    with TemporaryDirectory() as folder:
        spying = {
            name: await asyncio.create_subprocess_exec(
                shutil.which("py-spy", path=str(Path(sys.executable).parent)) or "py-spy",
                *("record", "--pid", str(pids[name]), "--rate", str(PER_SECOND), "--duration", str(int(seconds))),
                *("--format", "raw", "--output", str(Path(folder) / name)),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            for name in WATCHED
        }  # fmt: skip
        yield found
        for name, process in spying.items():
            _, said = await process.communicate()
            if process.returncode:
                raise OSError(f"py-spy cannot look into the {name}: {said.decode(errors='replace').strip()}")
            found[name] = shares((Path(folder) / name).read_text())


async def spent(
    what: str,
    do: Callable[[float], Awaitable[Mapping[str, float]]],
    pids: Mapping[str, int],
    seconds: float,
) -> Spent:
    """Have something done twice: `do` returns the microseconds of one, by process; the second time is looked into."""
    cost = await do(seconds)
    async with watched(pids, seconds) as found:
        await do(seconds)
    return Spent(
        what,
        {
            name: {one: share * cost[name] for one, share in each.items()}
            for name, each in found.items()
        },
    )  # fmt: skip


async def _answering(pipeline: Pipeline, seconds: float) -> Mapping[str, float]:
    return (await closed_loop(pipeline.crowd, pipeline.pids, seconds)).cpu


async def _calls(running: Fleet, stations: int, seconds: float) -> list[Spent]:
    found = []
    async with beside(running, stations, (Which.PRODUCT, Which.BATCHED)) as pipelines:
        freeze()
        for pipeline in pipelines:
            do = partial(_answering, pipeline)
            await do(WARM_UP_SECONDS)
            found.append(await spent(f"CALL, {pipeline.which}", do, pipeline.pids, seconds))
    return found


async def _reports_and_commands(
    running: Fleet, stations: int, seconds: float
) -> tuple[list[Spent], Counter[str]]:
    """Look into both, one under way for each station; and errors."""
    reports, crowd = Reports(PARTS), Crowd()
    async with Asker.connect(running.services.amqp_url) as asker, ClientSession() as session:
        logging = Logging(session)
        await crowd.connect(await running.stations("CS", stations), running.urls)
        await age(running)
        again = partial(again_and_again, running, asker, crowd)

        async def reporting(seconds: float) -> Mapping[str, float]:
            crowd.obey = reports.obey
            stretch = await again(
                lambda name: GetMonitoringReport(station=name), wrong=reports.wrong, seconds=seconds
            )
            return {name: stretch.times(PARTS).each(name) for name in WATCHED}

        async def commanding(seconds: float) -> Mapping[str, float]:
            crowd.obey = logging.obey
            stretch = await again(somewhere_else, wrong=uploaded, seconds=seconds)
            return {name: stretch.each(name) for name in WATCHED}

        found = [
            await spent("part of a report", reporting, running.pids(), seconds),
            await spent("GetLog", commanding, running.pids(), seconds),
        ]
        crowd.close()
    return found, crowd.errors + asker.errors + logging.errors


async def measured(stations: int = STATIONS, seconds: float = SECONDS) -> Sheet:
    """Look into all. Raises OSError when there is nothing to look with."""
    async with fleet(rush=True, OCPPDIAG_DESTINATIONS=json.dumps([ELSEWHERE])) as running:
        found = await _calls(running, stations, seconds)
        others, errors = await _reports_and_commands(running, stations, seconds)
        found += others
    sheet = Sheet(f"Where the processor time goes, {stations} stations: µs for one", running.services.origin)
    for process in WATCHED:
        for name in _worth_naming([each.rooms[process] for each in found]):
            costs = [f"{each.what} {each.rooms[process].get(name, 0.0):,.1f}" for each in found]
            sheet.add(f"{process}: {name}", "; ".join(costs))
    sheet.counted("errors", errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


def _worth_naming(several: Sequence[Mapping[str, float]]) -> list[str]:
    """The rooms where anything spends its time, the dearest of the first one first."""
    names = {name for rooms in several for name, used in rooms.items() if used >= LEAST * sum(rooms.values())}
    return sorted(names, key=lambda name: -several[0].get(name, 0.0))


def main(
    *,
    stations: Annotated[int, typer.Option(min=1, max=4096)] = STATIONS,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each stretch.")] = SECONDS,
) -> None:
    """Measure once."""
    show([uvloop.run(measured(stations, seconds))])


if __name__ == "__main__":
    typer.run(main)
