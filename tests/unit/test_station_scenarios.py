"""The simulated station's faults as what they are: functions from what a good station does to what a bad one does."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bent_scripts import ASKED, NOW, script

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.profile import Direction, UnknownActionError
from ocppdiag_station import SCENARIOS, notices, words
from ocppdiag_station.bends import ALL
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.steps import Answer, Call, Pause, Refusal, bent


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
