"""The simulated station's faults as what they are: functions from what a good station does to what a bad one does."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.profile import Direction, UnknownActionError
from ocppdiag_station import SCENARIOS, Scenario, SimulatedStation, notices, requests, words
from ocppdiag_station.answers import Answers
from ocppdiag_station.bends import ALL
from ocppdiag_station.customers import Customers, LocalList
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.steps import Answer, Call, Pause, Refusal, Script, bent

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
REPORT, CUSTOMER = "NotifyMonitoringReport", "NotifyCustomerInformation"
MONITOR = {
    "value": 5,
    "type": "Delta",
    "severity": 5,
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "Power"},
}
ASKED: dict[str, Any] = {
    "GetLog": {"requestId": 4, "logType": "DiagnosticsLog", "log": {"remoteLocation": "http://x/"}},
    "GetMonitoringReport": {"requestId": 5},
    "SetMonitoringBase": {"monitoringBase": "All"},
    "SetMonitoringLevel": {"severity": 9},
    "SetVariableMonitoring": {"setMonitoringData": [MONITOR, {**MONITOR, "value": 9}]},
    "ClearVariableMonitoring": {"id": [1, 2]},
    "CustomerInformation": {
        "requestId": 6,
        "report": True,
        "clear": False,
        "customerIdentifier": "Müller",
    },
    "SendLocalList": {"versionNumber": 2, "updateType": "Full"},
    "TriggerMessage": {"requestedMessage": "LogStatusNotification"},
    "GetVariables": {
        "getVariableData": [
            {
                "component": {"name": "MonitoringCtrlr"},
                "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
            }
        ]
    },
}


async def script(scenario: Scenario, action: str, version: OcppVersion = OcppVersion.V201) -> Script:
    """What a station of this scenario does about a request."""
    station = Answers(
        "CS-1",
        version,
        scenario,
        lambda: NOW,
        device=DeviceModel(now=NOW),
        known=Customers(),
        local_list=LocalList(),
    )
    if action in scenario.instead:
        return bent(action, scenario.instead[action](ASKED[action]), scenario.bends)
    request = requests.read(action, json.dumps(ASKED[action]).encode(), version)
    response = await station.answer(action, request)
    answer = Answer(words.write(action, response, version))
    return bent(action, (answer, *station.follow(request, response)), scenario.bends)


def payloads(there: Script, action: str) -> list[dict[str, Any]]:
    return [step.payload for step in there if isinstance(step, Call) and step.action == action]


async def parts(name: str, action: str = REPORT) -> list[dict[str, Any]]:
    asked = {REPORT: "GetMonitoringReport", CUSTOMER: "CustomerInformation"}[action]
    return payloads(await script(SCENARIOS[name], asked), action)


def test_the_questions_are_those_that_a_station_gets() -> None:
    received = {feature.action for feature in PROFILE if feature.direction is Direction.TO_STATION}
    assert set(ALL) == set(ASKED) == received


def test_each_scenario_says_what_it_is_and_is_something() -> None:
    for name, scenario in SCENARIOS.items():
        assert len(scenario.summary) > 8, name
        same = replace(SCENARIOS["good"], summary=scenario.summary)
        assert (scenario == same) == (name == "good"), name


@pytest.mark.parametrize("version", list(OcppVersion))
@pytest.mark.parametrize("name", list(SCENARIOS))
async def test_each_scenario_has_something_to_do_about_each_question(name: str, version: OcppVersion) -> None:
    """Bent out of shape or not, it can be written; and the last thing said is never lost by accident."""
    for action in ASKED:
        try:
            steps = await script(SCENARIOS[name], action, version)
        except UnknownActionError:
            assert (action, version) == ("SendLocalList", OcppVersion.V20)
            continue
        json.dumps([step.payload for step in steps if isinstance(step, Answer | Call)])
        spoken = sum(isinstance(step, Answer | Refusal) for step in steps)
        if name not in {"never-answers", "vanishes-when-asked", "answers-twice"}:
            assert spoken == 1, action


def numbers(there: list[dict[str, Any]]) -> list[int]:
    return [part["seqNo"] for part in there]


def ends(there: list[dict[str, Any]]) -> list[bool | None]:
    return [part.get("tbc") for part in there]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("parts-from-one", [1, 2, 3, 4]),
        ("parts-all-zero", [0, 0, 0, 0]),
        ("parts-gap", [0, 2, 3]),
        ("parts-zero-missing", [1, 2, 3]),
        ("parts-last-missing", [0, 1, 2]),
        ("parts-repeated", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("parts-conflicting", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("parts-reversed", [3, 2, 1, 0]),
        ("parts-after-end", [0, 1, 2, 3, 4]),
        ("parts-twice", [0, 1, 2, 3, 0, 1, 2, 3]),
        ("parts-other-id", [0, 1, 2, 3, 3]),
        ("parts-never-end", [0, 1, 2, 3]),
        ("parts-empty", [0, 1, 2, 3]),
        ("parts-no-monitor", [0, 1, 2, 3]),
        ("report-no-monitor", [0]),
        ("parts-no-tbc", [0, 1, 2, 3]),
    ],
)
async def test_parts_are_numbered_as_the_fault_wants(name: str, expected: list[int]) -> None:
    assert numbers(await parts(name)) == expected


async def test_parts_are_bent_in_what_they_hold() -> None:
    repeated, conflicting = await parts("parts-repeated"), await parts("parts-conflicting")
    assert repeated[0] == repeated[1]
    assert conflicting[0]["monitor"] != conflicting[1]["monitor"]
    assert [bool(part["monitor"]) for part in await parts("parts-empty")] == [True, False, False, False]
    assert ["monitor" in part for part in await parts("parts-no-monitor")] == [True, False, False, False]
    assert "monitor" not in (await parts("report-no-monitor"))[0]
    assert ends(await parts("parts-never-end")) == [True] * 4
    assert ends(await parts("parts-no-tbc")) == [None] * 4
    assert ends(await parts("parts-no-tbc-at-end")) == [True, True, True, None]
    assert [part["requestId"] for part in await parts("parts-other-id")] == [5, 5, 5, 1005, 5]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("parts-from-one", [1, 2, 3]), ("parts-gap", [0, 2]), ("parts-repeated", [0, 0, 1, 1, 2, 2])],
)
async def test_customers_data_come_in_parts_with_the_same_faults(name: str, expected: list[int]) -> None:
    assert numbers(await parts(name, CUSTOMER)) == expected


async def test_slices_are_cut_as_the_fault_wants() -> None:
    good = "".join(part["data"] for part in await parts("good", CUSTOMER))
    assert "Müller" in good
    tiny = await parts("customer-tiny-slices", CUSTOMER)
    assert max(len(part["data"]) for part in tiny) == 5
    assert "".join(part["data"] for part in tiny) == good
    (nothing,) = await parts("customer-no-data", CUSTOMER)
    assert (nothing["data"], nothing["tbc"]) == ("", False)
    assert await parts("customer-silent", CUSTOMER) == []
    torn = await parts("customer-torn", CUSTOMER)
    assert all(len(part["data"].encode()) <= 520 for part in torn)


async def test_what_comes_before_the_answer_is_there_before_it() -> None:
    before = await script(SCENARIOS["parts-before-answer"], "GetMonitoringReport")
    assert [type(step) for step in before] == [Call] * 4 + [Answer]
    status = await script(SCENARIOS["status-before-answer"], "GetLog")
    assert isinstance(status[0], Call)
    assert status[0].payload == {"status": "Uploading", "requestId": 4}


def test_steps_are_added_and_moved_as_the_fault_wants() -> None:
    uploaded = Call("LogStatusNotification", {"status": "Uploaded", "requestId": 4})
    _, idle = bent("LogStatusNotification", (uploaded,), SCENARIOS["idle-afterwards"].bends)
    assert idle == Call("LogStatusNotification", {"status": "Idle", "requestId": 4})
    superseding = (Answer({}), uploaded)
    late = bent("GetLog", superseding, SCENARIOS["canceled-late"].bends)
    assert [type(step) for step in late] == [Answer, Pause, Call]
    assert bent("TriggerMessage", superseding, SCENARIOS["canceled-late"].bends) == superseding


async def test_a_crowd_of_monitors_is_reported_in_500_parts() -> None:
    station = SimulatedStation("CS-1", scenario=SCENARIOS["more-monitors"])
    request = requests.read("GetMonitoringReport", b'{"requestId":1}', OcppVersion.V201)
    response = await station.answer("GetMonitoringReport", request)
    there = payloads(station.follow(request, response), REPORT)
    assert numbers(there) == list(range(500))
    assert sum(len(part["monitor"]) for part in there) == 5000


def once(name: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    (step,) = bent(action, (Call(action, payload),), SCENARIOS[name].bends)
    assert isinstance(step, Call)
    bent_payload: dict[str, Any] = step.payload
    return bent_payload


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("times-without-zone", {"timestamp": "2026-01-31T12:00:00Z"}, {"timestamp": "2026-01-31T12:00:00"}),
        ("times-half-zone", {"timestamp": "2026-01-31T12:00:00Z"}, {"timestamp": "2026-01-31T12:00:00+02"}),
        ("times-java", {"timestamp": "2026-01-31T12:00:00Z"}, {"timestamp": "2026-01-31T12:00:00Z[GMT]"}),
        ("times-empty", {"a": [{"generatedAt": "2026-01-31T12:00:00Z"}]}, {"a": [{"generatedAt": ""}]}),
        ("numbers-as-strings", {"seqNo": 0, "value": 3}, {"seqNo": "0", "value": 3}),
        ("unknown-status", {"status": "Uploading"}, {"status": "Perhaps"}),
        (
            "nulls",
            {"a": {}},
            {"a": {"customData": None, "statusInfo": None}, "customData": None, "statusInfo": None},
        ),
        ("log-id-absent", {"status": "Uploading", "requestId": 4}, {"status": "Uploading"}),
        ("log-id-zero", {"status": "Uploading", "requestId": 4}, {"status": "Uploading", "requestId": 0}),
        (
            "status-misspelt",
            {"status": "UploadFailure", "requestId": 4},
            {"status": "UploadFailed", "requestId": 4},
        ),
        (
            "evse-zero",
            {"component": {"name": "ChargingStation"}, "evseId": 1},
            {"component": {"name": "ChargingStation", "evse": {"id": 0}}, "evseId": 0},
        ),
    ],
)
def test_payloads_are_bent_at_any_depth(name: str, payload: dict[str, Any], expected: dict[str, Any]) -> None:
    assert once(name, "LogStatusNotification", payload) == expected


def test_floats_stay_floats_on_the_wire() -> None:
    assert json.dumps(once("numbers-as-floats", "NotifyEvent", {"seqNo": 0})) == '{"seqNo": 0.0}'


def _ups() -> Iterator[tuple[str, int]]:
    yield from {
        "cleared-without-alert": 1,
        "problem-event": 1,
        "event-storm": 200,
        "security-event": 2,
    }.items()


@pytest.mark.parametrize(("name", "count"), list(_ups()))
def test_some_have_things_to_tell_once_they_are_up(name: str, count: int) -> None:
    for evse, expected in ((1, count), (2, 0)):
        status = notices.connector_status(DeviceModel(now=NOW), evse, 1, NOW)
        assert status
        payload = words.write("StatusNotification", status, OcppVersion.V201)
        there = bent("StatusNotification", (Call("StatusNotification", payload),), SCENARIOS[name].bends)
        assert len(there) == 1 + expected
