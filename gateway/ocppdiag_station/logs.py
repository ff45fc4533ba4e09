"""What a simulated station has written into its logs."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ocppdiag_ocpp.datatypes import write_date_time
from ocppdiag_ocpp.messages.get_log import LogType

_DIAGNOSTICS = (
    "power: L1 {a:.1f} V L2 {b:.1f} V L3 {c:.1f} V",
    "modem: rssi -{d} dBm, cell 26201-{e}",
    "evse 1: control pilot state {f}, duty {d} %",
    "thermal: connector {a:.1f} mC/10, cabinet {b:.1f} mC/10",
    "meter: {e} Wh imported",
)
_SECURITY = (
    "StartupOfTheDevice firmware 4.2.{d}",
    "SettingSystemTime offset {a:.1f} ms",
    "MaintenanceLoginFailed user service, attempt {d}",
    "ReconfigurationOfSecurityParameters slot {d}",
)
LINES_A_MINUTE = 60
KEPT = timedelta(hours=24)


def lines(kind: LogType, oldest: datetime | None, latest: datetime | None, seed: str) -> Iterator[bytes]:
    """Yield the log of a period, at most of the last 24 hours."""
    now = datetime.now(UTC)
    at = max(oldest or now - timedelta(hours=2), now - KEPT).replace(microsecond=0)
    until = min(latest or now, now)
    templates = _SECURITY if kind is LogType.SECURITY else _DIAGNOSTICS
    chance = random.Random(seed)  # noqa: S311 (a simulation)
    while at <= until:
        text = chance.choice(templates).format(
            a=chance.uniform(220, 240),
            b=chance.uniform(220, 240),
            c=chance.uniform(220, 240),
            d=chance.randrange(40, 110),
            e=chance.randrange(10**6, 10**7),
            f=chance.choice("ABC"),
        )
        yield f"{write_date_time(at)} {text}\n".encode()
        at += timedelta(seconds=60 / LINES_A_MINUTE)
