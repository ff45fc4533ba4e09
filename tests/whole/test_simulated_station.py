"""The simulated station on a real socket: what it says is valid in its version, and comes in the right order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from csms import SECONDS, Link, connected, csms

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station import SimulatedStation

V201, V20 = OcppVersion.V201, OcppVersion.V20
each_version = pytest.mark.parametrize("version", list(OcppVersion))
REPORT, CUSTOMER, STATUS, EVENT = (
    "NotifyMonitoringReport",
    "NotifyCustomerInformation",
    "LogStatusNotification",
    "NotifyEvent",
)
POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@asynccontextmanager
async def receiver(status: int = 201) -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """Somewhere to upload to: its address, and what has come, by path."""
    there: dict[str, bytes] = {}

    async def put(request: web.Request) -> web.Response:
        there[request.path] = await request.read()
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", put)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/token/", there
    finally:
        await runner.cleanup()


async def get_log(link: Link, request_id: int, url: str, **more: object) -> Any:  # noqa: ANN401 (JSON)
    return await link.ask(
        "GetLog", requestId=request_id, logType="DiagnosticsLog", log={"remoteLocation": url}, **more
    )


def statuses(link: Link) -> list[tuple[str, int | None]]:
    return [(payload["status"], payload.get("requestId")) for payload in link.calls(STATUS)]


async def ended(link: Link, status: str, request_id: int | None) -> None:
    await link.until(lambda: (status, request_id) in statuses(link))


def order(link: Link) -> list[str]:
    """Answers and CALLs as they came: an answer as its id, a CALL as its action."""
    return [frame[2] if frame[0] == 2 else frame[1] for frame in link.frames]


@each_version
async def test_it_boots_and_tells_the_state_of_each_connector(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version, evses=3) as (_, link):
        assert order(link) == ["BootNotification", *["StatusNotification"] * 3]
        assert [status["evseId"] for status in link.calls("StatusNotification")] == [1, 2, 3]


@each_version
async def test_a_report_comes_after_its_answer_and_in_order(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version, monitors_per_part=3) as (_, link):
        assert await link.ask("GetMonitoringReport", requestId=21) == {"status": "Accepted"}
        await link.until(lambda: len(link.calls(REPORT)) == 3)
        assert order(link)[-4:] == ["c-1", *[REPORT] * 3]
        parts = link.calls(REPORT)
        assert [(part["seqNo"], part["tbc"], part["requestId"]) for part in parts] == [
            (0, True, 21),
            (1, True, 21),
            (2, False, 21),
        ]


@each_version
async def test_a_report_of_nothing_is_not_sent(version: OcppVersion) -> None:
    expected = "EmptyResultSet" if version is V201 else "Rejected"
    async with csms() as made, connected(made, version=version) as (_, link):
        answer = await link.ask("GetMonitoringReport", requestId=1, monitoringCriteria=["PeriodicMonitoring"])
        assert answer == {"status": expected}
        await link.ask("TriggerMessage", requestedMessage="Heartbeat")
        await link.until(lambda: link.calls("Heartbeat"))
        assert link.calls(REPORT) == []


@each_version
async def test_a_monitor_is_set_fires_is_over_and_is_cleared(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (station, link):
        item = {**POWER, "value": 1000, "type": "UpperThreshold", "severity": 7}
        answer = await link.ask("SetVariableMonitoring", setMonitoringData=[item])
        (result,) = answer["setMonitoringResult"]
        assert result["status"] == "Accepted"
        await station.set_variable("evse", "POWER", 1000, evse=1)
        assert link.calls(EVENT) == []
        await station.set_variable("EVSE", "Power", 1001, evse=1)
        await station.set_variable("EVSE", "Power", 999, evse=1)
        alert, over = (payload["eventData"][0] for payload in link.calls(EVENT))
        if version is V201:
            assert alert["variableMonitoringId"] == over["variableMonitoringId"] == result["id"]
            assert alert["eventNotificationType"] == "CustomMonitor"
        else:
            assert alert["variableMonitoringEvent"]["id"] == result["id"]
        assert (alert["actualValue"], over["actualValue"], over["cleared"]) == ("1001", "999", True)
        answer = await link.ask("ClearVariableMonitoring", id=[result["id"], 1, 4711])
        assert [item["status"] for item in answer["clearMonitoringResult"]] == [
            "Accepted",
            "Rejected",
            "NotFound",
        ]


async def test_what_is_beyond_a_new_threshold_is_told_after_the_answer() -> None:
    async with csms() as made, connected(made) as (station, link):
        await station.set_variable("EVSE", "Power", 5000, evse=1)
        item = {**POWER, "value": 1000, "type": "UpperThreshold", "severity": 7}
        await link.ask("SetVariableMonitoring", setMonitoringData=[item])
        await link.until(lambda: link.calls(EVENT))
        assert order(link)[-2:] == ["c-1", EVENT]


@each_version
async def test_a_periodic_monitor_is_told_by_itself(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (_, link):
        item = {**POWER, "value": 1, "type": "Periodic", "severity": 7}
        await link.ask("SetVariableMonitoring", setMonitoringData=[item])
        await link.until(lambda: len(link.calls(EVENT)) >= 2)
        assert {payload["eventData"][0]["trigger"] for payload in link.calls(EVENT)} == {"Periodic"}


async def test_more_items_than_the_station_says_are_refused() -> None:
    async with csms() as made, connected(made, "limits-small") as (_, link):
        named = {"component": {"name": "MonitoringCtrlr"}}
        variable = {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}
        answer = await link.ask("GetVariables", getVariableData=[{**named, "variable": variable}])
        assert answer["getVariableResult"][0]["attributeValue"] == "2"
        kind, _, code, *_ = await link.ask("ClearVariableMonitoring", id=[1, 2, 3])
        assert (kind, code) == (4, "OccurrenceConstraintViolation")


@each_version
async def test_base_and_level_are_taken_and_can_be_read(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (_, link):
        third = "HardWiredOnly" if version is V201 else "None"
        assert await link.ask("SetMonitoringBase", monitoringBase=third) == {"status": "Accepted"}
        assert await link.ask("SetMonitoringLevel", severity=4) == {"status": "Accepted"}
        assert await link.ask("SetMonitoringLevel", severity=10) == {"status": "Rejected"}
        wanted = [
            {"component": {"name": "MonitoringCtrlr"}, "variable": {"name": name}}
            for name in ("ActiveMonitoringBase", "ActiveMonitoringLevel")
        ]
        answer = await link.ask("GetVariables", getVariableData=wanted)
        values = [result["attributeValue"] for result in answer["getVariableResult"]]
        assert values == ["HardwiredOnly", "4"]


@each_version
async def test_a_customer_is_told_of_in_slices_and_then_forgotten(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (_, link):
        token = {"idToken": {"idToken": "deabcc000001", "type": "eMAID"}}
        answer = await link.ask("CustomerInformation", requestId=31, report=True, clear=True, **token)
        assert answer == {"status": "Accepted"}
        await link.until(lambda: len(link.calls(CUSTOMER)) == 3)
        assert order(link)[-4:] == ["c-1", *[CUSTOMER] * 3]
        assert "Müller" in "".join(part["data"] for part in link.calls(CUSTOMER))
        await link.ask("CustomerInformation", requestId=32, report=False, clear=True, **token)
        await link.until(lambda: len(link.calls(CUSTOMER)) == 4)
        last = link.calls(CUSTOMER)[-1]
        assert (last["requestId"], last["seqNo"], last["tbc"]) == (32, 0, False)
        assert last["data"] == "Nothing is known of this customer."
        answer = await link.ask("CustomerInformation", requestId=33, report=True, clear=False)
        assert answer == {"status": "Invalid"}


async def test_the_local_list_is_kept() -> None:
    async with csms() as made, connected(made) as (station, link):
        entry = {"idToken": {"idToken": "100000C01", "type": "Central"}}
        update = {"updateType": "Differential", "localAuthorizationList": [entry]}
        assert await link.ask("SendLocalList", versionNumber=1, **update) == {"status": "VersionMismatch"}
        assert await link.ask("SendLocalList", versionNumber=2, **update) == {"status": "Accepted"}
        assert (station.local_list.tokens, station.local_list.version) == (set(), 2)


async def test_2_0_has_no_local_list() -> None:
    async with csms() as made, connected(made, version=V20) as (_, link):
        answer = await link.ask("SendLocalList", versionNumber=1, updateType="Full")
        assert answer[2] == "NotImplemented"


@each_version
async def test_triggered_messages_come_after_the_answer(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (_, link):

        async def trigger(message: str, **more: object) -> str:
            status: str = (await link.ask("TriggerMessage", requestedMessage=message, **more))["status"]
            return status

        assert await trigger("LogStatusNotification") == "Accepted"
        await link.until(lambda: link.calls(STATUS))
        assert order(link)[-2:] == ["c-1", STATUS]
        assert statuses(link) == [("Idle", None if version is V201 else 0)]
        assert await trigger("StatusNotification", evse={"id": 2, "connectorId": 1}) == "Accepted"
        await link.until(lambda: len(link.calls("StatusNotification")) == 3)
        assert await trigger("StatusNotification") == "Rejected"
        assert await trigger("BootNotification") == "Rejected"
        assert await trigger("MeterValues") == "NotImplemented"
        assert await trigger("Heartbeat") == "Accepted"
        await link.until(lambda: link.calls("Heartbeat"))
        assert len(link.calls("BootNotification")) == 1


@each_version
async def test_a_log_is_uploaded_after_the_answer(version: OcppVersion) -> None:
    async with csms() as made, receiver() as (url, there), connected(made, version=version) as (_, link):
        answer = await get_log(link, 11, url)
        assert answer == {"status": "Accepted", "filename": "CS-1-DiagnosticsLog.log"}
        await ended(link, "Uploaded", 11)
        assert statuses(link) == [("Uploading", 11), ("Uploaded", 11)]
        assert order(link)[-3:] == ["c-1", STATUS, STATUS]
        assert b"power: L1" in there["/token/"]


@pytest.mark.parametrize(
    ("scenario", "version", "expected"),
    [
        ("slow-upload", V201, ["c-3", ("AcceptedCanceled", 11)]),
        ("canceled-early", V201, [("AcceptedCanceled", 11), "c-3"]),
        ("canceled-never", V201, ["c-3"]),
        ("slow-upload", V20, ["c-3"]),
    ],
)
async def test_a_second_log_drops_the_first(
    scenario: str, version: OcppVersion, expected: list[object]
) -> None:
    async with (
        csms() as made,
        receiver() as (url, there),
        connected(made, scenario, version=version, bytes_per_second=200_000) as (_, link),
    ):
        await get_log(link, 11, url + "first/")
        await ended(link, "Uploading", 11)
        trigger = await link.ask("TriggerMessage", requestedMessage="LogStatusNotification")
        assert trigger["status"] == "Accepted"
        await link.until(lambda: statuses(link).count(("Uploading", 11)) == 2)
        link.frames.clear()
        answer = await get_log(link, 12, url + "second/")
        assert answer["status"] == "AcceptedCanceled"
        await ended(link, "Uploaded", 12)
        said = [
            (frame[3]["status"], frame[3]["requestId"]) if frame[0] == 2 else frame[1]
            for frame in link.frames
        ]
        assert said == [*expected, ("Uploading", 12), ("Uploaded", 12)]
        assert list(there) == ["/token/second/"]


@pytest.mark.parametrize(
    ("scenario", "answer", "uploaded"),
    [("uploads-both", "Accepted", {11, 12}), ("busy-uploading", "Rejected", {11})],
)
async def test_a_second_log_may_be_treated_otherwise(scenario: str, answer: str, uploaded: set[int]) -> None:
    async with (
        csms() as made,
        receiver() as (url, _),
        connected(made, scenario, bytes_per_second=200_000) as (_, link),
    ):
        await get_log(link, 11, url)
        await ended(link, "Uploading", 11)
        assert (await get_log(link, 12, url))["status"] == answer
        for number in uploaded:
            await ended(link, "Uploaded", number)
        assert {number for status, number in statuses(link) if status == "Uploaded"} == uploaded


@pytest.mark.parametrize(
    ("status", "said"), [(403, "PermissionDenied"), (404, "UploadFailure"), (302, "UploadFailure")]
)
async def test_a_receiver_that_refuses_is_reported(status: int, said: str) -> None:
    async with csms() as made, receiver(status) as (url, there), connected(made) as (_, link):
        await get_log(link, 11, url, retries=1, retryInterval=1)
        await link.until(lambda: len(statuses(link)) == 4)
        assert statuses(link) == [("Uploading", 11), (said, 11)] * 2
        assert set(there) == {"/token/"}, "no redirect is followed"


async def test_a_scheme_that_the_station_does_not_have_is_reported_at_once() -> None:
    async with csms() as made, connected(made) as (_, link):
        assert (await get_log(link, 11, "ftp://u:p@127.0.0.1/", retries=3, retryInterval=1))[
            "status"
        ] == "Accepted"
        await ended(link, "NotSupportedOperation", 11)
        assert statuses(link) == [("Uploading", 11), ("NotSupportedOperation", 11)]


@each_version
async def test_security_events_and_unasked_events_are_sent_on_demand(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (station, link):
        await station.security_event("TamperDetectionActivated", "door")
        await station.notify(
            "Connector", "Problem", True, evse=1, connector=1, tech_code="E-1", tech_info="x"
        )
        (event,) = link.calls("SecurityEventNotification")
        assert (event["type"], event.get("techInfo")) == (
            "TamperDetectionActivated",
            "door" if version is V201 else None,
        )
        (told,) = link.calls(EVENT)
        assert (told["eventData"][0]["actualValue"], told["eventData"][0]["techCode"]) == ("true", "E-1")


async def test_300_stations_live_in_one_process() -> None:
    """Each reports, fires and is told goodbye; two tasks of each are there when nothing goes on."""
    count = 300
    async with csms() as made:
        before = len(asyncio.all_tasks())
        stations = [SimulatedStation(f"CS-{number}") for number in range(count)]
        lives = [asyncio.create_task(station.run(made.url)) for station in stations]
        await asyncio.wait_for(asyncio.gather(*(station.booted.wait() for station in stations)), 6 * SECONDS)
        # On our side its life and its beat, on that of the CSMS and of the library one or two each.
        assert len(asyncio.all_tasks()) - before <= 6 * count
        links = [made.link(station.station) for station in stations]
        answers = await asyncio.gather(*(link.ask("GetMonitoringReport", requestId=1) for link in links))
        assert answers == [{"status": "Accepted"}] * count
        await asyncio.gather(*(station.set_variable("EVSE", "Power", 23_000, evse=1) for station in stations))
        await asyncio.gather(*(link.heard(REPORT, 2) for link in links))
        assert [len(link.calls(EVENT)) for link in links] == [1] * count
        assert len({id(station.device.delivered) for station in stations}) == 1
        await asyncio.gather(*(station.close() for station in stations))
        await asyncio.wait_for(asyncio.gather(*lives), SECONDS)
