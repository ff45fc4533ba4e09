"""All sockets dropped at once: how the stations come back, and what others notice of it meanwhile.

The stations of the storm come back as libocpp does by default (members.py), and each calls at once when it is in; it is
back when that is answered. The others, who keep their connections, call once a second through the real worker.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
import uvloop
from crowds import crowds
from ground import fleet, percentile, until
from sheet import Sheet, show

OTHERS = 300
BEFORE_SECONDS = 15.0
AFTER_SECONDS = 5.0
REST_SECONDS = 30.0
MOST_SECONDS = 180.0
TARGET_SECONDS = 1.0
FOR_GOOD = (" 400", " 401", " 403", " 404", " 429")
"""Status codes that would tell a station that it is not wanted."""


async def measured(stations: int, *, tls: bool) -> Sheet:
    """Measure once."""
    async with fleet(tls=tls) as running, crowds(1) as others, crowds(2, nice=5) as many:
        for crowd, prefix, count in ((others, "GOOD", OTHERS), (many, "CS", stations)):
            await crowd.open(await running.stations(prefix, count), running.urls, authority=running.authority)
            await crowd.tell("call")
        await others.tell("keep_calling", every=1.0)
        await asyncio.sleep(2)
        await others.tell("fresh")
        await asyncio.sleep(BEFORE_SECONDS)
        before, others_cpu = await others.report()
        await others.tell("fresh")
        await many.tell("fresh")
        _, many_cpu = await many.report()
        used, dropped = running.cpu(), time.monotonic()
        await many.tell("drop")

        async def all_back() -> bool:
            return await many.count() == stations

        await until(all_back, MOST_SECONDS)
        used = {name: seconds - used[name] for name, seconds in running.cpu().items()}
        await asyncio.sleep(AFTER_SECONDS)
        unanswered = await others.rest(within=REST_SECONDS)
        during, others_cpu_then = await others.report()
        storm, many_cpu_then = await many.report()
        back = await many.count()
    when = sorted(instant - dropped for instant in storm.back) or [0.0]
    busiest = max(Counter(int(instant) for instant in storm.opened).values(), default=0)
    refused = {
        refusal: storm.refused[refusal]
        for refusal in storm.refused
        if any(code in refusal for code in FOR_GOOD)
    }
    p99 = percentile(during.answered, 0.99)
    sheet = Sheet(
        f"{stations} stations dropped at once, {'TLS (ECDSA P-256)' if tls else 'plain'}, both with passwords",
        running.services.origin,
    )
    sheet.add("back", back, f"{stations}", missed=back != stations)
    sheet.add(
        "time until back",
        f"half {percentile(when, 0.5):.1f} s, 99 % {percentile(when, 0.99):.1f} s, all {when[-1]:.1f} s",
    )
    sheet.add("handshakes a second, at the busiest", busiest)
    sheet.counted("refused for now", storm.refused - Counter(refused))
    sheet.counted("refused for good", Counter(refused), "none")
    sheet.add(
        f"p99 of the answers to {OTHERS} others, before", f"{percentile(before.answered, 0.99) * 1e3:.0f} ms"
    )
    sheet.add(
        "p99 of their answers, during", f"{p99 * 1e3:.0f} ms", "< 1 s", missed=not 0 < p99 < TARGET_SECONDS
    )
    sheet.add("longest of their answers, during", f"{max(during.answered, default=0) * 1e3:.0f} ms")
    sheet.add(
        "their CALLs",
        f"{len(during.answered)} answered, {unanswered} not, {len(during.cut)} cut",
        "0 not, 0 cut",
        missed=bool(unanswered or during.cut),
    )
    sheet.add("the gateway's processor time a station", f"{used['gateway'] * 1e3 / stations:.2f} ms")
    clients = {"stations": many_cpu_then - many_cpu, "others": others_cpu_then - others_cpu}
    sheet.cpu("processor seconds of the storm", used | clients)
    sheet.counted("errors", during.errors + storm.errors, "none")
    sheet.counted("complaints in the logs", running.complaints)
    return sheet


def sheets(stations: int, ways: Sequence[bool] = (False, True)) -> Iterator[Sheet]:
    """Measure plain, with TLS, or both."""
    for which in ways:
        yield uvloop.run(measured(stations, tls=which))


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = 5000,
    tls: Annotated[bool | None, typer.Option("--tls/--plain", help="Both, when neither is said.")] = None,
) -> None:
    """Measure; exit with 1 if somebody stays away or the others notice too much."""
    show(sheets(stations) if tls is None else sheets(stations, [tls]))


if __name__ == "__main__":
    typer.run(main)
