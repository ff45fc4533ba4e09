"""How many parts of monitoring reports are put together per second, beside LogStatusNotifications of the same stations.

Closed loop: each station has one GetMonitoringReport, sends its parts with one CALL under way, and is asked again when
the final event is there. A part counts when it is in the final event of a complete report.
"""

import gc
from collections.abc import Iterator
from typing import Annotated

import typer
import uvloop
from answering import Answering, Crowd, Script
from asking import Asker, again_and_again
from calling import age, calling, number_of, open_logs
from ends import End, incomplete
from ground import fleet
from msgspec import Raw
from msgspec.json import encode
from sheet import Sheet, show
from stretch import Stretch, add_costs, add_generator, add_rate, add_ratio

from ocppdiag_contracts.commands import GetMonitoringReport

MONITORS = 10
"""In a part, each on a variable of its own."""

TARGET = 0.5
WARM_UP_SECONDS = 3.0
GENERATED_AT = b"2026-01-31T12:00:00.000Z"


def monitors(seq_no: int) -> bytes:
    """What one part names."""
    return encode(
        [
            {
                "component": {
                    "name": "ElectricalFeed",
                    "instance": f"Feed {seq_no}",
                    "evse": {"id": number % 4 + 1, "connectorId": 1},
                },
                "variable": {"name": "PowerActive", "instance": f"L{number % 3 + 1}"},
                "variableMonitoring": [
                    {
                        "id": seq_no * MONITORS + number,
                        "transaction": False,
                        "value": 11_000.5,
                        "type": "UpperThreshold",
                        "severity": 4,
                    }
                ],
            }
            for number in range(MONITORS)
        ]
    )


class Reports:
    """What stations say of their monitors when they are asked, always the same in so many parts."""

    def __init__(self, parts: int) -> None:
        self._parts = [
            b'"seqNo":%d,"tbc":%b,"generatedAt":"%b","monitor":%b}'
            % (seq_no, b"true" if seq_no < parts - 1 else b"false", GENERATED_AT, monitors(seq_no))
            for seq_no in range(parts)
        ]

    @property
    def part_bytes(self) -> int:
        """Of the first part, nearly."""
        return len(self._parts[0])

    def obey(self, _: Answering, __: str, payload: Raw) -> Script:
        """Send them."""
        head = b'"NotifyMonitoringReport",{"requestId":%d,' % number_of(payload).request_id
        return (head + part for part in self._parts)

    def wrong(self, end: End) -> str | None:
        """Name what is wrong with an end, unless all monitors are in it."""
        if problem := incomplete(end):
            return problem
        report = end.result
        found = [len(data.variable_monitoring) for data in (report and report.monitor) or ()]
        whole = report and report.parts == len(self._parts) and sum(found) == len(self._parts) * MONITORS
        return None if whole else f"a report of {sum(found)} monitors"


async def measured(stations: int, parts: int, seconds: float, repeat: int) -> Sheet:
    """Measure both by turns."""
    reports = Reports(parts)
    crowd = Crowd()
    calls: list[Stretch] = []
    put_together: list[Stretch] = []
    async with (
        fleet(rush=True) as running,
        Asker.connect(running.services.amqp_url) as asker,
    ):
        await crowd.connect(await running.stations("CS", stations), running.urls)
        await age(running)
        logs = await open_logs(asker, crowd)

        async def reporting(seconds: float) -> Stretch:
            crowd.obey = reports.obey
            return await again_and_again(
                running,
                asker,
                crowd,
                lambda name: GetMonitoringReport(station=name),
                wrong=reports.wrong,
                seconds=seconds,
            )

        gc.collect()
        gc.freeze()
        await calling(running, crowd, logs, WARM_UP_SECONDS)
        await reporting(WARM_UP_SECONDS)
        for _ in range(repeat):
            if crowd.errors or asker.errors:
                break
            calls.append(await calling(running, crowd, logs, seconds))
            put_together.append((await reporting(seconds)).times(parts))
        crowd.close()
    sheet = Sheet(
        f"{stations} stations report their monitors: {parts} parts of {MONITORS} monitors "
        f"({reports.part_bytes / 1000:.1f} kB) each, {repeat} x {seconds:g} s",
        running.services.origin,
    )
    if calls:
        add_rate(sheet, "LogStatusNotifications answered a second", calls)
        add_rate(sheet, "parts put together a second", put_together)
        add_ratio(sheet, "parts beside LogStatusNotifications", put_together, calls, TARGET)
        sheet.add("complete reports", sum(stretch.done for stretch in put_together) // parts)
        add_costs(sheet, "part", put_together)
        add_costs(sheet, "LogStatusNotification", calls)
        add_generator(sheet, calls, put_together)
    sheet.counted("errors", crowd.errors + asker.errors, "none")
    sheet.counted("complaints in the logs", running.complaints, "none")
    return sheet


def sheets(stations: int = 1024, parts: int = 20, seconds: float = 15, repeat: int = 3) -> Iterator[Sheet]:
    """Measure once."""
    yield uvloop.run(measured(stations, parts, seconds, repeat))


def main(
    *,
    stations: Annotated[int, typer.Option(min=1)] = 1024,
    parts: Annotated[int, typer.Option(min=1, max=1000, help="Of each report.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For each repetition.")] = 15,
    repeat: Annotated[int, typer.Option(min=1, max=20)] = 3,
) -> None:
    """Measure; exit with 1 on any error, or when parts are too slow."""
    show(sheets(stations, parts, seconds, repeat))


if __name__ == "__main__":
    typer.run(main)
