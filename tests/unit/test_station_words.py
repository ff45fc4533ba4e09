"""What the simulated station is asked and says, in the words of each version."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from csms import check
from pydantic import ValidationError

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages.get_monitoring_report import GetMonitoringReportResponse
from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_ocpp.messages.set_monitoring_base import MonitoringBase, SetMonitoringBaseRequest
from ocppdiag_ocpp.messages.set_variable_monitoring import SetVariableMonitoringResponse
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_station import notices, requests, words
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.reading import report

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
V201, V20 = OcppVersion.V201, OcppVersion.V20
MODEL = DeviceModel(now=NOW)
DATA = report(MODEL, requests.read("GetMonitoringReport", b'{"requestId":1}', V201))  # type: ignore[arg-type]


def read(action: str, version: OcppVersion = V201, **payload: Any) -> OcppModel:  # noqa: ANN401 (JSON)
    return requests.read(action, json.dumps(payload).encode(), version)


@pytest.mark.parametrize("version", list(OcppVersion))
@pytest.mark.parametrize(
    "message",
    [
        notices.boot("a-station-whose-name-is-rather-long"),
        notices.connector_status(MODEL, 1, 1, NOW),
        notices.log_status(UploadLogStatus.UPLOADING, 0),
        notices.log_status(UploadLogStatus.IDLE, None),
        *notices.report(DATA, 7, 3, NOW),
        *notices.customer("x" * 600, 7, NOW),
        notices.security_event("FirmwareUpdated", "4.2.0", NOW),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OcppModel) else str(value),
)
def test_what_a_station_says_is_valid_in_both_versions(message: OcppModel, version: OcppVersion) -> None:
    action = notices.action_of(message)
    check(action, "Request", words.write(action, message, version), version)


@pytest.mark.parametrize("version", list(OcppVersion))
def test_events_are_valid_in_both_versions(version: OcppVersion) -> None:
    model = DeviceModel(now=NOW)
    power = next(
        there
        for there in model.delivered.variables.values()
        if there.variable.name == "Power" and there.component.evse
    )
    fired = [
        *model.set(power.key, "23000", NOW),
        *model.set(power.key, "1", NOW),
        model.notification(power.key, "5", NOW, "E-1", "why"),
    ]
    payload = words.events(fired, NOW, version)
    check("NotifyEvent", "Request", payload, version)
    alert, over, unasked = payload["eventData"]
    assert over["cleared"] is True
    if version is V20:
        assert alert["variableMonitoringEvent"]["value"] == 22_000
        assert (alert["cleared"], "variableMonitoringEvent" in unasked) == (False, False)
    else:
        assert alert["variableMonitoringId"] == fired[0].monitor.id  # type: ignore[union-attr]
        kinds = [item["eventNotificationType"] for item in payload["eventData"]]
        assert kinds == ["PreconfiguredMonitor", "PreconfiguredMonitor", "HardWiredNotification"]


def test_what_2_0_has_other_words_for_is_said_in_them() -> None:
    empty = GetMonitoringReportResponse.model_validate({"status": "EmptyResultSet"})
    assert words.write("GetMonitoringReport", empty, V20) == {"status": "Rejected"}
    canceled = notices.log_status(UploadLogStatus.ACCEPTED_CANCELED, 4)
    assert words.write("LogStatusNotification", canceled, V20) is None
    named = {
        "type": "Delta",
        "severity": 5,
        "component": {"name": "EVSE", "customData": {"vendorId": "x"}},
        "variable": {"name": "Power"},
    }
    results = [
        {**named, "status": "Rejected", "statusInfo": {"reasonCode": "ValueOutOfRange"}},
        {**named, "status": "Rejected", "statusInfo": {"reasonCode": "Other"}},
    ]
    response = SetVariableMonitoringResponse.model_validate({"setMonitoringResult": results})
    written = words.write("SetVariableMonitoring", response, V20) or {}
    check("SetVariableMonitoring", "Response", written, V20)
    assert [item["status"] for item in written["setMonitoringResult"]] == ["OutOfRange", "Rejected"]


def test_a_security_event_that_2_0_does_not_list_cannot_be_said_in_it() -> None:
    with pytest.raises(ValidationError):
        words.write("SecurityEventNotification", notices.security_event("OurOwn", None, NOW), V20)


def test_the_third_base_has_a_name_in_each_version() -> None:
    wanted = SetMonitoringBaseRequest(monitoring_base=MonitoringBase.HARD_WIRED_ONLY)
    assert read("SetMonitoringBase", V20, monitoringBase="None") == wanted
    assert read("SetMonitoringBase", V201, monitoringBase="HardWiredOnly") == wanted
    for version, name in ((V20, "HardWiredOnly"), (V201, "None")):
        with pytest.raises(ValidationError):
            read("SetMonitoringBase", version, monitoringBase=name)


@pytest.mark.parametrize("version", list(OcppVersion))
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetMonitoringLevel", {"severity": 10}),
        ("CustomerInformation", {"requestId": 1, "report": False, "clear": False}),
        (
            "SetVariableMonitoring",
            {
                "setMonitoringData": [
                    {
                        "value": -1.1234567,
                        "type": "Delta",
                        "severity": 11,
                        "component": {"name": "EVSE"},
                        "variable": {"name": "Power"},
                    }
                ]
            },
        ),
    ],
)
def test_what_only_the_text_forbids_is_read_so_that_it_can_be_answered(
    action: str, payload: dict[str, Any], version: OcppVersion
) -> None:
    read(action, version, **payload)


@pytest.mark.parametrize("version", list(OcppVersion))
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetMonitoringLevel", {"severity": "4"}),
        ("SetMonitoringLevel", {"severity": 4, "extra": 1}),
        ("CustomerInformation", {"requestId": 1, "report": True}),
        ("SetVariableMonitoring", {"setMonitoringData": []}),
        ("ClearVariableMonitoring", {"id": []}),
        (
            "GetLog",
            {
                "requestId": 1,
                "logType": "DiagnosticsLog",
                "log": {"remoteLocation": "x", "oldestTimestamp": "2026-01-31 12:00"},
            },
        ),
    ],
)
def test_what_the_schema_forbids_is_refused(
    action: str, payload: dict[str, Any], version: OcppVersion
) -> None:
    with pytest.raises(ValidationError):
        read(action, version, **payload)


def test_what_a_version_does_not_have_is_unknown() -> None:
    with pytest.raises(UnknownActionError):
        read("SendLocalList", V20, versionNumber=1, updateType="Full")
    with pytest.raises(UnknownActionError):
        read("Reset", V201)


def test_2_0_may_leave_out_the_id_of_a_report() -> None:
    assert read("GetMonitoringReport", V20) == read("GetMonitoringReport", V201, requestId=0)
