"""The simulated station on a real socket: what it says is valid in its version, and comes in the right order."""

import asyncio

import pytest
from csms import SECONDS, connected, csms

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


@each_version
async def test_it_boots_and_tells_the_state_of_each_connector(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version, evses=3) as (_, link):
        assert link.order() == ["BootNotification", *["StatusNotification"] * 3]
        assert [status["evseId"] for status in link.calls("StatusNotification")] == [1, 2, 3]


@each_version
async def test_a_customer_is_told_of_in_slices_and_then_forgotten(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version) as (_, link):
        token = {"idToken": {"idToken": "deabcc000001", "type": "eMAID"}}
        answer = await link.ask("CustomerInformation", requestId=31, report=True, clear=True, **token)
        assert answer == {"status": "Accepted"}
        await link.until(lambda: len(link.calls(CUSTOMER)) == 3)
        assert link.order()[-4:] == ["c-1", *[CUSTOMER] * 3]
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
        assert link.order()[-2:] == ["c-1", STATUS]
        assert link.log_statuses() == [("Idle", None if version is V201 else 0)]
        assert await trigger("StatusNotification", evse={"id": 2, "connectorId": 1}) == "Accepted"
        await link.until(lambda: len(link.calls("StatusNotification")) == 3)
        assert await trigger("StatusNotification") == "Rejected"
        assert await trigger("BootNotification") == "Rejected"
        assert await trigger("MeterValues") == "NotImplemented"
        assert await trigger("Heartbeat") == "Accepted"
        await link.until(lambda: link.calls("Heartbeat"))
        assert len(link.calls("BootNotification")) == 1


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
