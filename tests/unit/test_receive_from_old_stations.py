"""What stations say that learned an older OCPP, or none quite: read for what it means, and counted."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, BootReason
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationRequest, UploadLogStatus
from ocppdiag_ocpp.messages.notify_event import NotifyEventRequestV20
from ocppdiag_ocpp.messages.notify_monitoring_report import NotifyMonitoringReportRequest
from ocppdiag_ocpp.messages.security_event_notification import SecurityEventNotificationRequest
from ocppdiag_ocpp.receive import UnreadableError, receive

BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}


def test_upload_failed_as_in_1_6_is_upload_failure() -> None:
    received = receive(LogStatusNotificationRequest, b'{"status":"UploadFailed","requestId":1}')
    assert received.message.status is UploadLogStatus.UPLOAD_FAILURE
    assert received.violations == ("status: enum",)


def test_a_reason_to_boot_that_nobody_knows_keeps_no_station_out() -> None:
    received = receive(BootNotificationRequest, json.dumps({**BOOT, "reason": "CosmicRay"}).encode())
    assert received.message.reason is BootReason.UNKNOWN
    assert received.violations == ("reason: enum",)


def test_a_word_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(UnreadableError) as refused:
        receive(LogStatusNotificationRequest, b'{"status":"Pondering","requestId":1}')
    assert refused.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


@pytest.mark.parametrize("where", ["the message", "inside it"])
def test_custom_data_of_nobodys_is_left_out(where: str) -> None:
    nobodys = {"customData": {"colour": "green"}}
    message: dict[str, Any] = json.loads(json.dumps(BOOT))
    (message if where == "the message" else message["chargingStation"]).update(nobodys)
    received = receive(BootNotificationRequest, json.dumps(message).encode())
    assert received.message.charging_station.model == "M"
    assert len(received.violations) == 1
    assert "customData" in received.violations[0]


def test_a_member_that_is_missing_elsewhere_stays_missing() -> None:
    with pytest.raises(UnreadableError) as refused:
        receive(BootNotificationRequest, b'{"reason":"PowerUp","chargingStation":{"model":"M"}}')
    assert refused.value.code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize("zone", ["+0200", "+02", "+02:00"])
def test_a_zone_without_its_colon_is_that_zone(zone: str) -> None:
    payload = json.dumps({"type": "X", "timestamp": f"2026-01-31T12:00:00{zone}"})
    received = receive(SecurityEventNotificationRequest, payload.encode())
    assert received.message.timestamp == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert len(received.violations) == (zone != "+02:00")


def test_an_empty_list_of_monitors_is_none() -> None:
    payload = b'{"requestId":1,"seqNo":1,"generatedAt":"2026-01-31T12:00:00Z","tbc":true,"monitor":[]}'
    received = receive(NotifyMonitoringReportRequest, payload)
    assert received.message.monitor is None
    assert received.violations == ("monitor: too_short",)


def test_what_2_0_wants_said_may_be_left_out_as_2_0_1_lets_it() -> None:
    event = {
        "eventId": 1,
        "timestamp": "2026-01-31T12:00:00Z",
        "trigger": "Delta",
        "actualValue": "",
        "component": {"name": "EVSE"},
        "variable": {"name": "Power"},
    }
    payload = {"generatedAt": "2026-01-31T12:00:00Z", "seqNo": 0, "eventData": [event]}
    received = receive(NotifyEventRequestV20, json.dumps(payload).encode())
    assert (received.message.tbc, received.message.event_data[0].cleared) == (False, False)
    assert set(received.violations) == {"tbc: missing", "eventData.0.cleared: missing"}
