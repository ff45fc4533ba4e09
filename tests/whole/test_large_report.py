"""Reports of the size that large stations have come through complete."""

import time
from pathlib import Path

from bare import BareStation, Payload, bare_station
from installation import Installation

from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.events import CommandSettled, MonitoringReport, MonitoringReportPartReceived

PARTS = 500
MONITORS_A_PART = 10


def part(request_id: int, seq_no: int) -> Payload:
    """Ten monitors, with names as long as stations have them: about 2 kB."""
    first = seq_no * MONITORS_A_PART
    return {
        "requestId": request_id,
        "seqNo": seq_no,
        "generatedAt": "2026-01-31T12:00:00Z",
        "tbc": seq_no < PARTS - 1,
        "monitor": [
            {
                "component": {"name": "Connector", "evse": {"id": number % 8 + 1, "connectorId": 1}},
                "variable": {"name": "Temperature", "instance": f"sensor-{number}"},
                "variableMonitoring": [
                    {
                        "id": number,
                        "transaction": False,
                        "value": number / 8,
                        "type": "UpperThreshold",
                        "severity": number % 10,
                    }
                ],
            }
            for number in range(first, first + MONITORS_A_PART)
        ],
    }


async def tell(station: BareStation, action: str, payload: Payload) -> None:
    if action == "GetMonitoringReport":
        for seq_no in range(PARTS):
            assert await station.say("NotifyMonitoringReport", part(payload["requestId"], seq_no)) == {}


async def test_five_thousand_monitors_in_five_hundred_parts_come_through_complete(
    installation: Installation, name: str
) -> None:
    worker = next(process for process in installation.running.processes if process.name == "worker")
    async with bare_station(installation, name) as station, installation.diagnostics() as diagnostics:
        station.then = lambda action, payload: tell(station, action, payload)
        before, begun = resident_kib(worker.pid), time.monotonic()
        command = GetMonitoringReport(station=name)
        await diagnostics.send(command)
        events = [event async for event in diagnostics.follow(command)]
        taken = time.monotonic() - begun
    settled = events[-1]
    assert isinstance(settled, CommandSettled)
    assert settled.outcome is Outcome.COMPLETED, settled.detail
    report = settled.result
    assert isinstance(report, MonitoringReport)
    assert (report.parts, report.missing, report.irregularities) == (PARTS, [], [])
    monitors = [monitor for data in report.monitor or () for monitor in data.variable_monitoring]
    assert [monitor.id for monitor in monitors] == list(range(PARTS * MONITORS_A_PART))
    assert monitors[17].value == 17 / 8
    told = [event.seq_no for event in events if isinstance(event, MonitoringReportPartReceived)]
    assert told == list(range(PARTS)), "each part once, as it came"
    assert not await installation.redis.run("KEYS", f"ocppdiag:{{{name}}}:parts:*"), "nothing is left of them"
    grown = resident_kib(worker.pid) - before
    size = len(settled.model_dump_json())
    print(f"\n{taken:.2f} s, final event {size} bytes, worker grew by {grown} KiB")  # noqa: T201 (for -s)
    # A bound on the order of growth, not on the speed: what the report itself takes some dozen times over.
    assert grown < 150 * 1024


def resident_kib(pid: int) -> int:
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1])
