"""How many GetLog commands are settled per second, and how soon a command is a CALL on the station's wire.

Closed loop: each station has one command under way, says Accepted, Uploading and Uploaded, and is asked again when the
final event is there; the log goes where the caller wants it (which we do not see), then by HTTP PUT to our receiver.
Beside it, other stations of the same fleet send LogStatusNotifications by turns with them. Open loop: commands are
published when they are due, however many are under way, and the time is counted from then.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
import uvloop
from aiohttp import ClientSession, TCPConnector
from answering import Answering, Crowd, Script
from asking import DRAIN_SECONDS, Asker, again_and_again
from calling import AGE_SECONDS, Numbered, age, calling, open_logs, status
from ends import End, Wrong, incomplete
from ground import fleet, percentile
from msgspec import Raw, Struct
from msgspec.json import Decoder
from sheet import Sheet, show
from stretch import Stretch, add_costs, add_generator, add_rate, add_ratio

from ocppdiag_contracts.commands import GetLog

ELSEWHERE = "ftp://logs.example.com/in/"
LOG = b"2026-01-31T12:00:00.000Z INFO charging: session ended\n" * 40
UPLOADS_AT_ONCE = 100
TARGET = 0.1
TARGET_SECONDS = 0.25
WARM_UP_SECONDS = 3.0
CREATED = 201


class _Destination(Struct, rename="camel"):
    remote_location: str


class _Asked(Numbered):
    log: _Destination


class Logging:
    """What stations do that are asked for a log, and when each was asked."""

    def __init__(self, session: ClientSession) -> None:
        self.asked: dict[str, float] = {}
        """When the CALL came, by its remote location."""
        self.errors: Counter[str] = Counter()
        self._session = session
        self._read = Decoder(_Asked).decode

    def obey(self, station: Answering, _: str, payload: Raw) -> Script:
        """Bring it if we take it, and say so if we do not."""
        instant = time.perf_counter()
        request = self._read(payload)
        url = request.log.remote_location
        if self.asked.setdefault(url, instant) != instant:
            self.errors["a station was asked twice"] += 1
        uploading = () if url.startswith(ELSEWHERE) else (self._upload(f"{url}{station.name}.log"),)
        return iter(
            (status(b"Uploading", request.request_id), *uploading, status(b"Uploaded", request.request_id))
        )

    async def _upload(self, url: str) -> None:
        async with self._session.put(url, data=LOG) as response:
            if response.status != CREATED:
                self.errors[f"an upload was answered with {response.status}"] += 1


def somewhere_else(name: str) -> GetLog:
    """A command that can be told from all others by its remote location."""
    command = GetLog(station=name)
    return command.model_copy(update={"remote_location": ELSEWHERE + command.id})


def to_us(name: str) -> GetLog:
    """A command whose log we take."""
    return GetLog(station=name)


def stored(end: End) -> str | None:
    """Name what is wrong with an end, unless we have the file."""
    if problem := incomplete(end):
        return problem
    return None if end.result and (end.result.kind, end.result.size) == ("log_file", len(LOG)) else "no file"


def uploaded(end: End) -> str | None:
    """Name what is wrong with an end, unless the station has said that it is somewhere else."""
    if problem := incomplete(end):
        return problem
    return None if end.result and end.result.kind == "log_elsewhere" else "not somewhere else"


async def at_rate(
    asker: Asker, crowd: Crowd, logging: Logging, per_second: float, seconds: float
) -> list[float]:
    """Publish each when it is due, to one station after the other; return the seconds until each was on the wire."""
    names = list(crowd.stations)
    due: dict[str, float] = {}

    def ended(end: End) -> None:
        if problem := uploaded(end):
            asker.errors[problem] += 1

    began = time.perf_counter()
    for number in range(int(per_second * seconds)):
        at = began + number / per_second
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        command = somewhere_else(names[number % len(names)])
        due[command.remote_location or ""] = at
        asker.ask(command, ended)
    await asker.rest(DRAIN_SECONDS)
    await crowd.rest(DRAIN_SECONDS)
    if uncalled := len(due.keys() - logging.asked.keys()):
        logging.errors["no CALL came of a command"] += uncalled
    return [logging.asked[each] - at for each, at in due.items() if each in logging.asked]


async def measured(
    stations: int, seconds: float, repeat: int, *, per_second: float, open_seconds: float, young: bool
) -> Sheet:
    """Measure all, with so many stations that are asked and as many that call; `young`: Redis stays in its first minute."""
    callers, crowd = Crowd(), Crowd()
    calls: list[Stretch] = []
    elsewhere: list[Stretch] = []
    with_file: list[Stretch] = []
    on_the_wire: list[float] = []
    async with (
        fleet(
            uploads=True,
            OCPPDIAG_DESTINATIONS=f'["{ELSEWHERE}"]',
            rush=True,
        ) as running,
        Asker.connect(running.services.amqp_url) as asker,
        ClientSession(connector=TCPConnector(limit=UPLOADS_AT_ONCE)) as session,
    ):
        logging = Logging(session)
        await callers.connect(await running.stations("CALLER", stations), running.urls)
        await crowd.connect(await running.stations("CS", stations), running.urls)
        await age(running, -AGE_SECONDS if young else AGE_SECONDS)
        logs = await open_logs(asker, callers)
        crowd.obey = logging.obey

        def errors() -> Counter[str]:
            return callers.errors + crowd.errors + asker.errors + logging.errors

        async def settling(make: Callable[[str], GetLog], wrong: Wrong, seconds: float) -> Stretch:
            return await again_and_again(running, asker, crowd, make, wrong=wrong, seconds=seconds)

        gc.collect()
        gc.freeze()
        await calling(running, callers, logs, WARM_UP_SECONDS)
        await settling(somewhere_else, uploaded, WARM_UP_SECONDS)
        for _ in range(repeat):
            if not errors():
                calls.append(await calling(running, callers, logs, seconds))
                elsewhere.append(await settling(somewhere_else, uploaded, seconds))
        if not errors():
            with_file.append(await settling(to_us, stored, seconds / 2))
        if not errors():
            on_the_wire = await at_rate(asker, crowd, logging, per_second, open_seconds)
        callers.close()
        crowd.close()
    sheet = Sheet(
        f"GetLog from {stations} stations, one under way for each, {repeat} x {seconds:g} s{', Redis is new' if young else ''}",
        running.services.origin,
    )
    if elsewhere:
        add_rate(sheet, "LogStatusNotifications answered a second", calls)
        add_rate(sheet, "commands settled a second", elsewhere)
        add_ratio(sheet, "commands beside LogStatusNotifications", elsewhere, calls, TARGET)
        add_costs(sheet, "command", elsewhere)
        add_costs(sheet, "LogStatusNotification", calls)
        add_generator(sheet, calls, elsewhere)
    if with_file:
        add_rate(
            sheet, f"commands settled a second, with a file of {len(LOG) / 1000:.1f} kB for us", with_file
        )
        add_costs(sheet, "command with a file", with_file)
    if on_the_wire:
        half, p99 = percentile(on_the_wire, 0.5), percentile(on_the_wire, 0.99)
        sheet.add(
            f"p99 from a command to its CALL on the wire, at {per_second:g} commands a second",
            f"{p99 * 1e3:,.0f} ms",
            f"≤ {TARGET_SECONDS * 1e3:.0f} ms",
            missed=p99 > TARGET_SECONDS,
        )
        sheet.add("half of them, and the longest", f"{half * 1e3:,.1f} ms, {max(on_the_wire) * 1e3:,.0f} ms")
    sheet.counted("errors", errors(), "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


def sheets(
    stations: int = 1000,
    seconds: float = 15,
    repeat: int = 3,
    *,
    per_second: float = 200,
    open_seconds: float = 20,
    young: bool = False,
) -> Iterator[Sheet]:
    """Measure once."""
    yield uvloop.run(
        measured(stations, seconds, repeat, per_second=per_second, open_seconds=open_seconds, young=young)
    )


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = 1000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each repetition.")] = 15,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = 3,
    per_second: Annotated[float, typer.Option(min=1, max=10_000, help="Commands of the open loop.")] = 200,
    open_seconds: Annotated[float, typer.Option(min=1, max=600, help="Of the open loop.")] = 20,
    young: Annotated[
        bool, typer.Option("--young", help="On a Redis that stays in its first minute.")
    ] = False,
) -> None:
    """Measure; exit with 1 on any error, or when commands are too slow."""
    show(sheets(stations, seconds, repeat, per_second=per_second, open_seconds=open_seconds, young=young))


if __name__ == "__main__":
    typer.run(main)
