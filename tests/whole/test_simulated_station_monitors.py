"""What the simulated station tells of its monitors, on a real socket, and when it refuses to be asked."""

import pytest
from csms import connected, csms

from ocppdiag_contracts.versions import OcppVersion

V201 = OcppVersion.V201
each_version = pytest.mark.parametrize("version", list(OcppVersion))
REPORT, EVENT = "NotifyMonitoringReport", "NotifyEvent"

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@each_version
async def test_a_report_comes_after_its_answer_and_in_order(version: OcppVersion) -> None:
    async with csms() as made, connected(made, version=version, monitors_per_part=3) as (_, link):
        assert await link.ask("GetMonitoringReport", requestId=21) == {"status": "Accepted"}
        await link.until(lambda: len(link.calls(REPORT)) == 3)
        assert link.order()[-4:] == ["c-1", *[REPORT] * 3]
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
        assert link.order()[-2:] == ["c-1", EVENT]


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
