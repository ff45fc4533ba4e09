"""The closed loop of LogStatusNotifications that reports and commands are compared with, on a crowd of their fleet.

Each station has an open GetLog, says Uploading, and says it again as soon as it is answered.
"""

import asyncio
import time
from datetime import timedelta

from answering import Answering, Crowd, Script, nothing
from asking import Asker
from ground import Fleet, until
from msgspec import Raw, Struct
from msgspec.json import Decoder
from stretch import Meter, Stretch

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.model import now
from ocppdiag_redis import Origin, keys

AGE_SECONDS = 3600
OPEN = timedelta(hours=2)
OPEN_SECONDS = 120.0
ACCEPT_SECONDS = 2.0
DRAIN_SECONDS = 60.0

Logs = dict[str, int]
"""The requestId of each station's open GetLog."""


class Numbered(Struct, rename="camel"):
    """What is looked at of a request that is followed by something."""

    request_id: int


number_of = Decoder(Numbered).decode


def status(said: bytes, request_id: int) -> bytes:
    """A LogStatusNotification."""
    return b'"LogStatusNotification",{"status":"%b","requestId":%d}' % (said, request_id)


async def age(running: Fleet, seconds: float = AGE_SECONDS) -> None:
    """Have Redis be so old: in its first minute, and before it, every new command costs a look into the journal as well."""
    since = await Origin(running.redis).since()
    await running.redis.run("HSET", keys.ORIGIN, "since", int((since - seconds) * 1e6))


async def open_logs(asker: Asker, crowd: Crowd) -> Logs:
    """Ask each station for a log that it never brings. Raises TimeoutError."""
    logs: Logs = {}

    def obey(station: Answering, _: str, payload: Raw) -> Script:
        logs[station.name] = number_of(payload).request_id
        return nothing()

    async def all_asked() -> bool:
        return len(logs) == len(crowd.stations)

    crowd.obey = obey
    for name in crowd.stations:
        asker.ask(GetLog(station=name, deadline=now() + OPEN), None)
    if not await until(all_asked, OPEN_SECONDS):
        raise TimeoutError(
            f"{len(logs)} of {len(crowd.stations)} stations were asked for a log: {asker.errors}"
        )
    await asyncio.sleep(ACCEPT_SECONDS)  # the last answers are on their way
    return logs


async def calling(running: Fleet, crowd: Crowd, logs: Logs, seconds: float) -> Stretch:
    """Have all of them call for so long."""
    meter, answered = Meter(running), crowd.answered
    end = meter.began + seconds

    def uploading(request_id: int) -> Script:
        what = status(b"Uploading", request_id)
        while time.perf_counter() < end:
            yield what

    for name, station in crowd.stations.items():
        station.begin(uploading(logs[name]))
    await asyncio.sleep(seconds)
    await crowd.rest(DRAIN_SECONDS)
    return meter.stretch(crowd.answered - answered, crowd.answered_at)
