"""The simulated station's faults on a real socket: those that only show there, and each of them survived by the next."""

import asyncio
from typing import Any

import pytest
from csms import SECONDS, Csms, Link, connected, csms

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station import SCENARIOS, SimulatedStation

REPORT, STATUS, EVENT = "NotifyMonitoringReport", "LogStatusNotification", "NotifyEvent"
LEGAL = (
    "good",
    "results-reversed",
    "parts-of-one",
    "parts-no-tbc-at-end",
    "custom-data",
    "write-only-event",
    "problem-event",
    "security-event-16",
    "boots-always",
    "limits-small",
    "base-rejected",
    "set-monitoring-rejected",
    "clear-rejected",
    "rejects",
)
"""What some of the catalogue does is no fault: it keeps the schemas."""


def asked(link: Link, *names: str) -> list[Any]:
    return [payload for name in names for payload in link.calls(name)]


async def everything(link: Link) -> None:
    """Ask all kinds of things, and have each answered."""
    power = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
    item = {**power, "value": 5, "type": "Delta", "severity": 5}
    await link.ask("GetMonitoringReport", requestId=1)
    await link.ask("SetVariableMonitoring", setMonitoringData=[item])
    await link.ask("ClearVariableMonitoring", id=[1, 2])
    await link.ask("SetMonitoringBase", monitoringBase="All")
    await link.ask("SetMonitoringLevel", severity=9)
    await link.ask("CustomerInformation", requestId=2, report=True, clear=False, customerIdentifier="x")
    await link.ask("SendLocalList", versionNumber=2, updateType="Full")
    await link.ask("TriggerMessage", requestedMessage="LogStatusNotification")
    await link.ask("GetVariables", getVariableData=[power])
    log = {"remoteLocation": "sftp://127.0.0.1/"}
    await link.ask("GetLog", requestId=3, logType="SecurityLog", log=log)


@pytest.mark.parametrize("name", LEGAL)
async def test_what_is_no_fault_keeps_the_schemas(name: str) -> None:
    async with csms() as made, connected(made, name) as (station, link):
        await everything(link)
        await station.set_variable("EVSE", "Power", 1_000, evse=1)


SILENT = {"never-answers", "vanishes-when-asked", "reboots-on-get-log", "reconnects", "answers-late"}


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - SILENT - {"more-monitors"}))
async def test_each_fault_leaves_a_station_that_goes_on(name: str) -> None:
    async with csms(checked=False) as made, connected(made, name) as (station, link):
        await everything(link)
        await station.set_variable("EVSE", "Power", 23_000, evse=1)
        asking = link.ask("SetMonitoringLevel", severity=9)
        await asyncio.wait_for(asking, SECONDS)


def test_every_fault_that_is_no_fault_is_there() -> None:
    assert set(LEGAL) <= SCENARIOS.keys()


async def raw(made: Csms, name: str) -> list[Any]:
    """All frames of a station that has booted and been asked twice."""
    async with connected(made, name) as (_, link):
        await link.ask("SetMonitoringLevel", severity=9)
        await link.ask("TriggerMessage", requestedMessage="Heartbeat")
        await asyncio.sleep(0.2)
        return list(link.frames)


async def test_frames_are_bent_as_the_fault_wants() -> None:
    async with csms(checked=False) as made:
        four = [frame for frame in await raw(made, "error-four-members") if frame[0] == 4]
        assert [frame[2:] for frame in four] == [["FormationViolation", ""]] * 2
        text = [frame for frame in await raw(made, "error-text-details") if frame[0] == 4]
        assert {frame[4] for frame in text} == {"details"}
        repeated = [frame[1] for frame in await raw(made, "ids-repeated") if frame[0] == 2]
        assert repeated == ["1"] * 4
        assert {frame[1] for frame in await raw(made, "ids-empty") if frame[0] == 2} == {""}
        assert [frame[1] for frame in await raw(made, "ids-counted") if frame[0] == 2] == ["0", "1", "2", "3"]
        assert all(len(frame[1]) > 36 for frame in await raw(made, "ids-long") if frame[0] == 2)
        assert [2, "Heartbeat", None] in [
            [*frame[:1], *frame[2:]] for frame in await raw(made, "payload-null")
        ]
        assert [2, "Heartbeat"] in [[*frame[:1], *frame[2:]] for frame in await raw(made, "payload-missing")]
        assert "{" in await raw(made, "noise")
        grumbled = [frame for frame in await raw(made, "grumbles") if frame[0] == 4]
        assert len(grumbled) == 4
        answers = [frame for frame in await raw(made, "answers-twice") if frame[0] == 3]
        assert len(answers) == 4
        first = (await raw(made, "speaks-before-boot"))[0]
        assert first[2] == "Heartbeat"
        assert "BootNotification" not in [frame[2] for frame in await raw(made, "boots-never")]


async def test_floats_and_strings_stand_where_whole_numbers_should() -> None:
    async with csms(checked=False) as made:
        for name, kind in (("numbers-as-strings", str), ("numbers-as-floats", float)):
            async with connected(made, name) as (_, link):
                await link.ask("GetMonitoringReport", requestId=1)
                await link.heard(REPORT, 1)
                assert type(link.calls(REPORT)[0]["seqNo"]) is kind


@pytest.mark.parametrize(("name", "boots"), [("good", 1), ("boots-always", 2), ("boots-never", 0)])
async def test_a_lost_link_is_no_reboot_unless_the_fault_wants_it(name: str, boots: int) -> None:
    async with csms() as made:
        station = SimulatedStation("CS-1", scenario=SCENARIOS[name])
        for _ in range(2):
            station.booted.clear()
            life = asyncio.create_task(station.run(made.url))
            await asyncio.wait_for(station.booted.wait(), SECONDS)
            await station.close()
            await life
        assert sum(len(link.calls("BootNotification")) for link in made.links["CS-1"]) == boots
        assert [len(link.calls("StatusNotification")) for link in made.links["CS-1"]] == [2, 2]


async def test_one_comes_again_twenty_times() -> None:
    async with csms() as made:
        station = SimulatedStation("CS-1", scenario=SCENARIOS["reconnects"])
        life = asyncio.create_task(station.run(made.url))
        await asyncio.wait_for(made.connections(21), SECONDS)
        await made.link("CS-1").until(lambda: made.link("CS-1").calls("StatusNotification"))
        assert not life.done()
        await station.close()
        await life


@pytest.mark.parametrize("name", ["vanishes-when-asked", "reboots-on-get-log"])
async def test_some_are_gone_when_asked(name: str) -> None:
    async with csms() as made:
        station = SimulatedStation("CS-1", scenario=SCENARIOS[name])
        life = asyncio.create_task(station.run(made.url))
        await asyncio.wait_for(station.booted.wait(), SECONDS)
        asking = asyncio.create_task(
            made.link("CS-1").ask(
                "GetLog", requestId=1, logType="SecurityLog", log={"remoteLocation": "http://127.0.0.1:1/"}
            )
        )
        await asyncio.wait_for(life, SECONDS)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_one_never_answers_and_still_beats() -> None:
    async with csms() as made, connected(made, "never-answers") as (station, link):
        asking = asyncio.create_task(link.ask("SetMonitoringLevel", severity=9))
        await station.notify("EVSE", "Problem", True, evse=1)
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_log_statuses_are_bent_as_the_fault_wants() -> None:
    expected: dict[str, list[tuple[str, int | None]]] = {
        "log-id-absent": [("Uploading", None), ("UploadFailure", None)],
        "log-id-zero": [("Uploading", 0), ("UploadFailure", 0)],
        "uploading-repeated": [*[("Uploading", 1)] * 50, ("UploadFailure", 1)],
        "status-before-answer": [("Uploading", 1), ("Uploading", 1), ("UploadFailure", 1)],
        "upload-bad-message": [("Uploading", 1), ("BadMessage", 1)],
        "upload-fails-silently": [("Uploading", 1)],
        "status-misspelt": [("Uploading", 1), ("UploadFailed", 1)],
        "reports-without-file": [("Uploading", 1), ("Uploaded", 1)],
        "idle-afterwards": [("Uploading", 1), ("UploadFailure", 1)],
        "file-without-report": [],
        "ftp-only": [("Uploading", 1), ("NotSupportedOperation", 1)],
    }
    async with csms(checked=False) as made:
        for name, statuses in expected.items():
            async with connected(made, name) as (_, link):
                # Nobody listens there: what does upload fails at once.
                log = {"remoteLocation": "http://127.0.0.1:1/"}
                await link.ask("GetLog", requestId=1, logType="SecurityLog", log=log)
                await asyncio.sleep(0.3)
                said = [(item["status"], item.get("requestId")) for item in link.calls(STATUS)]
                assert said == statuses, name


async def test_faults_come_in_2_0_too() -> None:
    async with (
        csms(checked=False) as made,
        connected(made, "parts-from-one", version=OcppVersion.V20) as (_, link),
    ):
        await link.ask("GetMonitoringReport", requestId=1)
        await link.until(lambda: len(link.calls(REPORT)) == 4)
        assert [part["seqNo"] for part in link.calls(REPORT)] == [1, 2, 3, 4]


async def test_thousands_of_monitors_come_in_hundreds_of_parts() -> None:
    async with csms(checked=False) as made, connected(made, "more-monitors") as (_, link):
        await link.ask("GetMonitoringReport", requestId=1)
        await link.until(lambda: len(link.calls(REPORT)) == 500)
        assert sum(len(part["monitor"]) for part in link.calls(REPORT)) == 5000
