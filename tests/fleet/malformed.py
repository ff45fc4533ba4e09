"""What wrong frames cost those who send none: `make fuzz`.

First a hundred thousand malformed frames of every kind, drawn from a seed, over many sockets, beside good stations on
the same gateway, with a real RabbitMQ, Redis and worker. Then one station that sends as fast as it can.
"""

import asyncio
import json
import os
import sys
import time
from array import array
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Annotated

import cost
import typer
import uvloop
from bare_websocket import BareWebsocket
from flooder import FLOODS, Bad
from ground import Fleet, fleet, held, percentile
from sheet import Sheet, show
from wrong_frames import STAYING, draw

CALM_SECONDS = 10.0
TICK_SECONDS = 0.02
CLOSING = 0.01
"""The share of frames that end a connection."""

FLOOD_STATIONS = 50
FLOODER_NICE = 10
"""It is to compete for the gateway and not for the processor, of which a machine under test has few."""

MOST_GROWN_MIB = 20
MOST_SLOWER = 2.0


class Good(BareWebsocket):
    """Sends a Heartbeat every so many seconds and notes how long the answer takes."""

    def __init__(self, url: str, name: str, password: str, seconds: "array[float]") -> None:
        super().__init__(url, name, password)
        self.lost_for: str | None = None
        self._seconds = seconds
        self._sent_at: float | None = None
        self._number = 0

    def heard(self, text: bytes) -> None:  # noqa: ARG002 (there is one thing it can be)
        """Take the answer."""
        if self._sent_at is not None:
            self._seconds.append(time.perf_counter() - self._sent_at)
            self._sent_at = None

    def lost(self, reason: str) -> None:
        """Note what should not be."""
        self.lost_for = reason

    async def call(self, every: float, offset: float) -> None:
        """Call for ever; an answer that has not come keeps the next call waiting, and counts with its whole time."""
        await asyncio.sleep(offset)
        while True:
            if self._sent_at is None and self.open:
                self._sent_at = time.perf_counter()
                self._number += 1  # the same again would be answered from memory
                self.send(b'[2,"%d","Heartbeat",{}]' % self._number)
            await asyncio.sleep(every)


@asynccontextmanager
async def good_stations(
    running: Fleet, prefix: str, count: int, every: float
) -> AsyncIterator["array[float]"]:
    """Have so many stations call within this block; yields the seconds of each answer as they come."""
    seconds = array("d")
    stations = [
        Good(running.urls[0], name, password, seconds)
        for name, password in await running.stations(prefix, count)
    ]
    for start in range(0, count, 50):
        await asyncio.gather(*(station.connect() for station in stations[start : start + 50]))
    random = Random(count)  # noqa: S311
    calls = [asyncio.create_task(station.call(every, random.random() * every)) for station in stations]
    try:
        yield seconds
    finally:
        for call in calls:
            call.cancel()
        lost = [station.lost_for for station in stations if station.lost_for]
        running.complaints.update(f"a good station was lost: {reason}" for reason in lost)
        for station in stations:
            station.close()


async def over(seconds: "array[float]", last: float) -> float:
    """The 99th percentile of what comes in so many seconds."""
    before = len(seconds)
    await asyncio.sleep(last)
    return percentile(seconds[before:], 0.99)


async def malformed(running: Fleet, *, frames: int, good: int, bad: int, rate: int, seed: int) -> Sheet:
    """Send so many wrong frames."""
    gateway = running.gateways[0]
    answers: Counter[str] = Counter()
    closes: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    random = Random(seed)  # noqa: S311
    passwords = await running.stations("BAD", bad)
    stations: dict[int, Bad] = {}

    async def connected(number: int) -> Bad | None:
        if number not in stations or not stations[number].open:
            station = Bad(running.urls[0], *passwords[number], answers, closes)
            try:
                await station.connect()
            except OSError:  # it has just been shown out
                return None
            stations[number] = station
        return stations[number]

    async def send(count: int) -> None:
        began, sent = time.monotonic(), 0
        while sent < count:
            while sent < min(count, (time.monotonic() - began) * rate):
                wrong = draw(random, closing=CLOSING)
                kinds[wrong.kind] += 1
                if station := await connected(random.randrange(bad)):
                    station.say(wrong.data)
                    sent += 1
            await asyncio.sleep(TICK_SECONDS)

    async with good_stations(running, "GOOD", good, 5.0) as seconds:
        await send(frames // 20)  # what is allocated once is no leak
        await asyncio.sleep(3)
        before_p99 = await over(seconds, CALM_SECONDS)
        before = await held(gateway)
        first, began, used = len(seconds), time.monotonic(), running.cpu()
        await send(frames)
        took = time.monotonic() - began
        used = {name: (spent - used[name]) / took for name, spent in running.cpu().items()}
        during_p99 = percentile(seconds[first:], 0.99)
        for station in stations.values():
            station.drop()
        await asyncio.sleep(CALM_SECONDS)
        after = await held(gateway)
    sheet = Sheet(
        f"{frames:,} malformed frames of {len(kinds)} kinds (seed {seed}) from {bad} stations in {took:.0f} s, "
        f"beside {good} good stations",
        running.services.origin,
    )
    fallen = [process.name for process in (gateway, *running.workers) if not process.running]
    sheet.add("processes that fell", ", ".join(fallen) or "none", "none", missed=bool(fallen))
    grown = (after.rss - before.rss) / 2**20
    sheet.add(
        "memory of the gateway",
        f"{before.rss / 2**20:.1f} MiB before, {after.rss / 2**20:.1f} after: {grown:+.1f}",
        f"< {MOST_GROWN_MIB} MiB more",
        missed=grown >= MOST_GROWN_MIB,
    )
    sheet.counted("answers", Counter(dict(answers.most_common())))
    sheet.counted("closes by their code", Counter(dict(closes.most_common())))
    sheet.cpu("processor seconds a second", used)
    _slower(sheet, before_p99, during_p99)
    _complaints(sheet, running)
    return sheet


async def flood(running: Fleet, seconds: float, what: str) -> Sheet:
    """Have one station send one thing as fast as it can, and come again whenever it is shown out."""
    ((name, password),) = await running.stations(f"FLOOD-{abs(hash(what))}", 1)
    gateway = running.gateways[0]
    async with good_stations(running, f"BESIDE-{abs(hash(what))}", FLOOD_STATIONS, 0.5) as good:
        await asyncio.sleep(2)
        before = await over(good, seconds)
        memory, used = cost.memory(gateway.pid), cost.cpu_seconds(gateway.pid)
        flooder = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("flooder.py")),
            *(running.urls[0], name, password, what),
            stdin=PIPE,
            stdout=PIPE,
            preexec_fn=lambda: os.nice(FLOODER_NICE),
        )
        during = await over(good, seconds)
        grown = (cost.memory(gateway.pid).rss - memory.rss) / 2**20
        used = cost.cpu_seconds(gateway.pid) - used
        said = json.loads((await flooder.communicate(b""))[0])
    sheet = Sheet(
        f"One station that sends {what} as fast as it can, for {seconds:.0f} s, beside {FLOOD_STATIONS} good ones",
        running.services.origin,
    )
    sheet.counted("its answers", Counter(said["answers"]))
    sheet.counted("its ends", Counter(said["ends"]))
    sheet.add("memory of the gateway", f"{grown:+.1f} MiB meanwhile")
    sheet.add("processor of the gateway", f"{used / seconds:.0%} of a core")
    _slower(sheet, before, during)
    return sheet


def _slower(sheet: Sheet, before: float, during: float) -> None:
    ratio = during / before if before else 0.0
    sheet.add(
        "p99 of the good stations' answers",
        f"{before * 1e3:.1f} ms before, {during * 1e3:.1f} ms meanwhile: x {ratio:.2f}",
        f"< x {MOST_SLOWER:g}",
        missed=ratio >= MOST_SLOWER,
    )


def _complaints(sheet: Sheet, running: Fleet) -> None:
    expected = ("protocol_violated", "session_broken", "call_refused", "station_expelled", "upgrade_refused")
    unexpected = Counter(
        {text: count for text, count in running.complaints.items() if not text.endswith(expected)}
    )
    sheet.counted("unexpected complaints in the logs", unexpected, "none")


def main(
    *,
    frames: Annotated[int, typer.Option(min=len(STAYING))] = 100_000,
    good: Annotated[int, typer.Option(min=1)] = 500,
    bad: Annotated[int, typer.Option(min=1)] = 200,
    rate: Annotated[int, typer.Option(min=1, help="Wrong frames a second.")] = 1000,
    seed: Annotated[int, typer.Option()] = 20261122,
    flood_seconds: Annotated[float, typer.Option(min=0, help="For each kind of flood; 0 for none.")] = 10,
) -> None:
    """Measure, print, and exit with 1 when a target is missed."""

    async def measured() -> list[Sheet]:
        async with fleet(OCPPDIAG_HANDSHAKES_PER_ADDRESS="10000") as running:  # all come from one
            sheets = [await malformed(running, frames=frames, good=good, bad=bad, rate=rate, seed=seed)]
            typer.echo(str(sheets[0]), err=True)
            if flood_seconds:
                sheets += [await flood(running, flood_seconds, what) for what in FLOODS]
            return sheets

    show(uvloop.run(measured()))


if __name__ == "__main__":
    typer.run(main)
