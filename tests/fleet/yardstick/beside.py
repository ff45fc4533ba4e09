"""The product and the yardstick beside each other, on one RabbitMQ and one Redis, each with stations of its own."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ground import Fleet
from stations import Station

from ocppdiag_client.client import Diagnostics
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandAccepted
from ocppdiag_contracts.model import now

PREPARE_SECONDS = 120.0
LASTING = timedelta(hours=2)
"""How long the GetLogs stay open: longer than any measurement."""

AT_ONCE = 256
"""New connections."""

UNKNOWN_REQUEST = 2**31 - 1


class Which(StrEnum):
    """What is measured."""

    PRODUCT = "product"
    BATCHED = "batched yardstick"
    SINGLE = "single yardstick"


@dataclass(frozen=True)
class Pipeline:
    """One way from stations to Redis and back: its stations, and its processes by what they are."""

    which: Which
    crowd: list[Station]
    pids: dict[str, int]


@asynccontextmanager
async def beside(running: Fleet, stations: int, which: Sequence[Which]) -> AsyncIterator[list[Pipeline]]:
    """Have so many stations connected to each within this block, ready to call.

    A station of the product has an open GetLog, which its LogStatusNotification tells of. Raises OSError when the
    stations are not let in, TimeoutError when it all takes two minutes.
    """
    async with AsyncExitStack() as exits:
        product = running.pids()
        others = {"load generator": os.getpid()}
        others |= {name: pid for name, pid in product.items() if name in ("RabbitMQ", "Redis")}
        found = []
        for one in which:
            if one is Which.PRODUCT:
                gateway, worker = running.gateways[0], running.workers[0]
            else:
                kind = {"YARDSTICK": one.split()[0]}
                worker, gateway = [
                    await exits.enter_async_context(
                        running.process(f"{one}'s {part}", f"yardstick.{part}", kind)
                    )
                    for part in ("worker", "gateway")
                ]
            url = f"ws://127.0.0.1:{gateway.ready.result()['port']}"
            async with asyncio.timeout(PREPARE_SECONDS):
                crowd = await _connected(running, one, stations, url)
                if one is Which.PRODUCT:
                    await _asked_for_logs(running, crowd)
            for station in crowd:
                request = station.asked.result() if one is Which.PRODUCT else UNKNOWN_REQUEST
                station.what = b'"LogStatusNotification",{"status":"Uploading","requestId":%d}' % request
                exits.callback(station.close)
            found.append(Pipeline(one, crowd, {"gateway": gateway.pid, "worker": worker.pid, **others}))
        yield found


async def _connected(running: Fleet, which: Which, count: int, url: str) -> list[Station]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def connected(name: str, password: str) -> Station:
        station = Station(name, password, url)
        async with turn:
            await station.connect()
        return station

    prefix = which.upper().replace(" ", "-")
    return await asyncio.gather(*(connected(*known) for known in await running.stations(prefix, count)))


async def _asked_for_logs(running: Fleet, crowd: list[Station]) -> None:
    """Open one GetLog for each station, which accepts it and then never finishes."""
    async with Diagnostics.connect(running.services.amqp_url, name="bench") as diagnostics:

        async def accepted(name: str) -> None:
            command = GetLog(station=name, deadline=now() + LASTING)
            await diagnostics.send(command)
            async for event in diagnostics.follow(command):
                if isinstance(event, CommandAccepted):
                    return
            raise RuntimeError(f"{name}'s GetLog ended with {await diagnostics.settle(command)}")

        await asyncio.gather(*(accepted(station.name) for station in crowd))
