"""Strict in what we send: what OCPP forbids cannot be constructed, and what is written every station can read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ocppdiag_ocpp.datatypes import CustomData, StatusInfo, write_date_time
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.messages.boot_notification import BootNotificationResponse
from ocppdiag_ocpp.messages.get_log import GetLogRequest, GetLogResponse
from ocppdiag_ocpp.messages.heartbeat import HeartbeatResponse
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationResponse
from ocppdiag_ocpp.profile import UnknownActionError

ASKED = {"logType": "DiagnosticsLog", "requestId": 1, "log": {"remoteLocation": "http://logs.test/u/"}}
NOON = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    "forbidden",
    [
        {"requestId": 2**31}, {"requestId": -(2**31) - 1}, {"requestId": True}, {"requestId": "1"}, {"requestId": 1.0},
        {"requestId": None}, {"retries": -1}, {"retryInterval": -1}, {"logType": "diagnosticslog"}, {"more": 1},
        {"log": {"remoteLocation": "x" * 513}}, {"log": {"remoteLocation": 5}}, {"log": {}},
        {"log": {"remoteLocation": "x", "oldestTimestamp": 1700000000}},
        {"log": {"remoteLocation": "x", "oldestTimestamp": "2026-01-31T12:00:00"}},
        {"log": {"remoteLocation": "x", "oldestTimestamp": "2026-01-31"}},
        {"log": {"remoteLocation": "x", "oldestTimestamp": datetime(2026, 1, 31)}},  # noqa: DTZ001 (the point)
        {"log": {"remoteLocation": "x", "oldestTimestamp": ""}},
        {"log": {"remoteLocation": "x", "oldestTimestamp": "0001-01-01T00:00:00+14:00"}},
        {"log": {"remoteLocation": "x", "latestTimestamp": "9999-12-31T23:59:59-14:00"}},
        {"customData": {}}, {"customData": {"vendorId": "x" * 256}},
    ],
)  # fmt: skip
def test_a_request_with_a_forbidden_value_cannot_be_constructed(forbidden: dict[str, Any]) -> None:
    GetLogRequest.model_validate(ASKED)
    with pytest.raises(ValidationError):
        GetLogRequest.model_validate(ASKED | forbidden)


@pytest.mark.parametrize("field", sorted(ASKED))
def test_a_request_without_a_required_field_cannot_be_constructed(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        GetLogRequest.model_validate({name: value for name, value in ASKED.items() if name != field})


def test_a_message_cannot_be_changed_once_it_is_there() -> None:
    request = GetLogRequest.model_validate(ASKED)
    with pytest.raises(ValidationError):
        request.request_id = 2  # type: ignore[misc]


def test_an_error_does_not_repeat_the_value_that_was_wrong() -> None:
    with pytest.raises(ValidationError) as error:
        GetLogRequest.model_validate(ASKED | {"log": {"remoteLocation": "canary" * 100}})
    assert "canary" not in str(error.value)


def test_a_message_is_written_in_the_names_of_the_wire_without_null() -> None:
    response = GetLogResponse.model_validate(
        {"status": "Rejected", "statusInfo": {"reasonCode": "NoSpace", "additionalInfo": None}}
    )
    assert json.loads(response.to_wire()) == {"status": "Rejected", "statusInfo": {"reasonCode": "NoSpace"}}


def test_an_empty_answer_is_written_as_an_empty_object() -> None:
    assert LogStatusNotificationResponse().to_wire() == b"{}"


def test_a_vendors_own_members_are_written_as_they_came() -> None:
    custom = {"vendorId": "v", "snake_case": 1, "nested": {"a_b": [1.5, "x"]}}
    info = StatusInfo(reason_code="x", custom_data=CustomData.model_validate(custom))
    assert json.loads(info.to_wire())["customData"] == custom


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 31, 12, 0, 0, 999_999, UTC), NOON),
        (datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))), NOON),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_whole_seconds_and_z(moment: datetime, text: str) -> None:
    assert HeartbeatResponse(current_time=moment).to_wire() == b'{"currentTime":"%b"}' % text.encode()


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_time_that_we_write_can_be_read_back(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        with pytest.raises(ValidationError):
            HeartbeatResponse(current_time=moment)
        return
    text = write_date_time(moment)
    assert len(text) == len(NOON)
    assert HeartbeatResponse.model_validate({"currentTime": text}).current_time == expected
    assert HeartbeatResponse(current_time=moment).to_wire() == b'{"currentTime":"%b"}' % text.encode()


def test_our_names_and_those_of_the_wire_make_the_same_message() -> None:
    ours = {"current_time": NOON, "interval": 0, "status": "Pending", "status_info": {"reason_code": "r"}}
    wire = {"currentTime": NOON, "interval": 0, "status": "Pending", "statusInfo": {"reasonCode": "r"}}
    assert BootNotificationResponse.model_validate(ours) == BootNotificationResponse.model_validate(wire)


def test_an_action_that_a_version_does_not_have_is_said_so() -> None:
    version = next(iter(next(iter(PROFILE)).versions))
    with pytest.raises(UnknownActionError, match=r"ocpp2\.0\.1 has no Getlog"):
        PROFILE.shapes("Getlog", version)
