"""What a station costs that is connected and silent: memory of the gateway, and processor time to keep it so.

All stations are authenticated, each has had one Heartbeat answered, and the gateway's garbage is collected; the
gateway pings each of them (30 s) and renews its lease (10 s) as it does by default.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer
import uvloop
from crowds import crowds
from ground import Fleet, fleet, held
from sheet import Sheet, show

WARM_UP_STATIONS = 20
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class Kind:
    """How stations come, and what the memory of one may be (KiB)."""

    name: str
    target: float
    compressed: bool = False
    tls: bool = False


KINDS = (
    Kind("no compression", 20),
    Kind("permessage-deflate", 40, compressed=True),
    Kind("TLS (ECDSA P-256)", 80, tls=True),
)


async def measured(stations: int, seconds: float, kind: Kind) -> Sheet:
    """Measure once."""
    async with fleet(tls=kind.tls) as running, crowds(1, nice=5) as few, crowds(2, nice=5) as many:
        gateway = running.gateways[0]
        open_few, open_many = (
            partial(crowd.open, deflate=kind.compressed, authority=running.authority) for crowd in (few, many)
        )
        await open_few(await running.stations("WARM", WARM_UP_STATIONS), running.urls)
        await few.tell("call")
        await few.tell("leave")
        await asyncio.sleep(SETTLE_SECONDS)
        before = await held(gateway)
        await open_many(await running.stations("CS", stations), running.urls)
        await many.tell("call")
        await asyncio.sleep(SETTLE_SECONDS)
        after = await held(gateway)
        used, commands = await _spent(running)
        await asyncio.sleep(seconds)
        used_then, commands_then = await _spent(running)
        missing = stations - await many.count()
    grown = (after.rss - before.rss) / stations / 1024
    sheet = Sheet(f"{stations} idle stations, {kind.name}", running.services.origin)
    sheet.add(
        "memory of the gateway a connection (RSS)",
        f"{grown:.1f} KiB",
        f"≤ {kind.target} KiB",
        missed=grown > kind.target,
    )
    sheet.add(
        "likewise, what it shares left out (PSS)", f"{(after.pss - before.pss) / stations / 1024:.1f} KiB"
    )
    sheet.add(
        "memory of the gateway", f"{before.rss / 2**20:.0f} MiB before, {after.rss / 2**20:.0f} MiB with all"
    )
    sheet.cpu(
        "processor seconds for a minute of idling",
        {name: (used_then[name] - used[name]) * 60 / seconds for name in used},
    )
    sheet.add("Redis commands a second", f"{(commands_then - commands) / seconds:.0f}")
    sheet.add("stations that went away", missing, "0", missed=missing != 0)
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


async def _spent(running: Fleet) -> tuple[dict[str, float], int]:
    return running.cpu(), await running.redis_commands()


def sheets(stations: int, seconds: float) -> Iterator[Sheet]:
    """Measure each kind."""
    for kind in KINDS:
        yield uvloop.run(measured(stations, seconds, kind))


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of idling, for the processor time.")] = 120,
) -> None:
    """Measure each kind; exit with 1 if a connection costs more than it may."""
    show(sheets(stations, seconds))


if __name__ == "__main__":
    typer.run(main)
