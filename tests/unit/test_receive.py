"""What stations send wrong: mended where it is unambiguous, refused with OCPP's code where it is not."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, StrictBool

from ocppdiag_ocpp.datatypes import DateTime, Extensible, Integer, StatusInfo, Text
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, BootReason
from ocppdiag_ocpp.messages.get_log import GetLogResponse
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationRequest, UploadLogStatus
from ocppdiag_ocpp.messages.status_notification import StatusNotificationRequest
from ocppdiag_ocpp.receive import MOST_MENDS, Received, UnreadableError, receive


class Everything(Extensible):
    """One field of each kind, for what the messages at hand do not have yet."""

    at: DateTime | None = None
    flag: StrictBool | None = None
    value: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    count: Integer | None = None
    name: Annotated[str, Text(5)] | None = None
    parts: Annotated[list[Integer], Field(min_length=1)] | None = None
    why: StatusInfo | None = None


def _read(**members: object) -> Received[Everything]:
    return receive(Everything, json.dumps(members).encode())


def _status(text: object, **members: object) -> Received[StatusNotificationRequest]:
    content = {"timestamp": text, "connectorStatus": "Available", "evseId": 1, "connectorId": 1, **members}
    return receive(StatusNotificationRequest, json.dumps(content).encode())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123Z", datetime(2026, 1, 31, 12, 0, 0, 123000, UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00-00:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_as_the_schema_wants_it_is_no_violation(text: str, meant: datetime) -> None:
    assert (_status(text).message.timestamp, _status(text).violations) == (meant, ())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5", datetime(2026, 1, 31, 12, 0, 0, 500000, UTC)),
        ("2026-01-31 12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00-11", datetime(2026, 1, 31, 23, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z[GMT]", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+01:00[Europe/Paris]", datetime(2026, 1, 31, 11, tzinfo=UTC)),
        ("2026-01-31T12:00:00.1234567Z", datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)),
        ("2026-01-31T12:00:00.123456789012+02:00", datetime(2026, 1, 31, 10, 0, 0, 123456, UTC)),
        (" 2026-01-31T12:00:00Z\n", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_the_ways_in_which_stations_write_times_are_mended_and_counted(text: str, meant: datetime) -> None:
    received = _status(text)
    assert received.message.timestamp == meant
    assert received.violations == ("timestamp: value_error",)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "2026-01-31", "12:00:00Z", "1700000000", 1700000000, "2026-13-01T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z", "0001-01-01T00:00:00+14:00", True, {}, [],
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(UnreadableError, match="timestamp") as refusal:
        _status(text)
    assert refusal.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_an_empty_time_is_absent_where_it_may_be_and_missing_where_it_may_not() -> None:
    assert _read(at="") == Received(Everything(), ("at: value_error",))
    with pytest.raises(UnreadableError, match="timestamp: missing") as refusal:
        _status("")
    assert refusal.value.code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("sent", "mended"),
    [
        ({"count": "5"}, {"count": 5}),
        ({"count": " +5 "}, {"count": 5}),
        ({"count": "-5.0"}, {"count": -5}),
        ({"count": 1.0}, {"count": 1}),
        ({"value": "22.5"}, {"value": 22.5}),
        ({"flag": 1}, {"flag": True}),
        ({"flag": 0}, {"flag": False}),
        ({"flag": "False"}, {"flag": False}),
        ({"name": "123456789"}, {"name": "12345"}),
        ({"parts": []}, {}),
        ({"parts": [None, 1, *[None] * 20, "2", None, 3]}, {"parts": [1, 2, 3]}),
        ({"why": {"reasonCode": "x" * 21, "additionalInfo": None}}, {"why": {"reasonCode": "x" * 20}}),
        ({"made": {"up": [1]}, "count": 1}, {"count": 1}),
    ],
)
def test_what_can_mean_only_one_thing_is_mended(sent: dict[str, Any], mended: dict[str, Any]) -> None:
    received = _read(**sent)
    assert json.loads(received.message.to_wire()) == mended
    assert received.violations


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"count": "five"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"count": "1.5"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"count": 1.5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"count": True}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"count": "1" * 400}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"count": 2**31}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ({"count": str(-(2**31) - 1)}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ({"value": "much"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"value": "NaN"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ({"flag": "maybe"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"name": 5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"parts": {}}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"why": {}}, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
    ],
)
def test_what_could_mean_several_things_is_refused_with_the_code_that_fits(
    sent: dict[str, Any], code: ErrorCode
) -> None:
    with pytest.raises(UnreadableError) as refusal:
        _read(**sent)
    assert refusal.value.code is code
    assert next(iter(sent)) in str(refusal.value)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", ErrorCode.FORMAT_VIOLATION),
        (b'{"name":"\xff"}', ErrorCode.FORMAT_VIOLATION),
        (b'{"name":"\\ud800"}', ErrorCode.FORMAT_VIOLATION),
        (b'{"made":' + b"[" * 300 + b"]" * 300 + b"}", ErrorCode.FORMAT_VIOLATION),
        (b'{"made":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ErrorCode.FORMAT_VIOLATION),
        (b'{"count":' + b"9" * 5000 + b"}", ErrorCode.FORMAT_VIOLATION),
        (b"[]", ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (b"null", ErrorCode.TYPE_CONSTRAINT_VIOLATION),
    ],
)
def test_what_is_no_json_object_is_refused(payload: bytes, code: ErrorCode) -> None:
    with pytest.raises(UnreadableError) as refusal:
        receive(Everything, payload)
    assert refusal.value.code is code


def test_an_enum_may_be_in_the_wrong_case_and_not_of_another_word() -> None:
    received = receive(LogStatusNotificationRequest, b'{"status":" uploadfailure","requestId":4}')
    assert received == Received(
        LogStatusNotificationRequest(status=UploadLogStatus.UPLOAD_FAILURE, request_id=4), ("status: enum",)
    )
    with pytest.raises(UnreadableError, match="status: enum") as refusal:
        receive(LogStatusNotificationRequest, b'{"status":"UploadBroken","requestId":4}')
    assert refusal.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_the_request_id_0_stays_0_and_one_left_out_stays_out() -> None:
    zero = receive(LogStatusNotificationRequest, b'{"status":"Uploading","requestId":0}')
    assert zero == Received(LogStatusNotificationRequest(status=UploadLogStatus.UPLOADING, request_id=0))
    assert zero.message.request_id == 0
    none = receive(LogStatusNotificationRequest, b'{"status":"Idle"}')
    assert none == Received(LogStatusNotificationRequest(status=UploadLogStatus.IDLE, request_id=None))


def test_evse_and_connector_0_are_accepted() -> None:
    received = _status("2026-01-31T12:00:00Z", evseId=0, connectorId=0)
    assert (received.message.evse_id, received.message.connector_id, received.violations) == (0, 0, ())


@pytest.mark.parametrize("field", ["at", "flag", "value", "count", "name", "parts", "why", "customData"])
def test_null_is_absent_where_a_field_may_be_absent_and_is_counted(field: str) -> None:
    assert _read(**{field: None}) == Received(Everything(), (f"{field}: null",))


def test_null_is_no_violation_in_what_is_a_vendors_own_nor_in_a_text() -> None:
    assert _read(name="null", customData={"vendorId": "null", "theirs": None}).violations == ()


def test_null_is_missing_where_a_field_must_be() -> None:
    with pytest.raises(UnreadableError, match="evseId: missing"):
        _status("2026-01-31T12:00:00Z", evseId=None)


def test_unknown_members_are_left_out_and_each_is_counted_by_its_name() -> None:
    received = receive(LogStatusNotificationRequest, b'{"status":"Idle","foo":1,"request_id":7,"bar":null}')
    assert received.message == LogStatusNotificationRequest(status=UploadLogStatus.IDLE)
    assert set(received.violations) == {f"{name}: extra_forbidden" for name in ("foo", "request_id", "bar")}


def test_custom_data_is_kept_as_it_is_and_is_no_violation() -> None:
    custom = {"vendorId": "v", "snake_case": [1, {"socLevel": None}], "vendor_id": "other", "deep": {"a": 1}}
    received = _read(customData=custom)
    assert received.violations == ()
    assert received.message.custom_data is not None
    assert received.message.custom_data.model_dump(by_alias=True) == custom


def test_a_faithful_boot_notification_has_no_violations_and_a_sloppy_one_has_each() -> None:
    faithful = b'{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V","modem":{"iccid":"1"}}}'
    assert receive(BootNotificationRequest, faithful).violations == ()
    station = {"model": "M" * 30, "vendorName": "", "serialNumber": None, "modem": {"imsi": None}}
    sloppy = {"reason": "powerup", "chargingStation": station, "location": "here"}
    received = receive(BootNotificationRequest, json.dumps(sloppy).encode())
    assert received.message.reason is BootReason.POWER_UP
    assert received.message.charging_station.model == "M" * 20
    assert set(received.violations) == {
        "reason: enum", "location: extra_forbidden", "chargingStation.model: string_too_long",
        "chargingStation.serialNumber: null", "chargingStation.modem.imsi: null",
    }  # fmt: skip


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["at", "flag", "value", "count", "name", "parts", "why", "customData"]) | st.text()


@given(st.dictionaries(names, json_values, max_size=6))
def test_whatever_the_members_hold_it_is_read_or_refused(content: dict[str, Any]) -> None:
    try:
        received = receive(Everything, json.dumps(content).encode())
    except UnreadableError:
        return
    # What was mended is faithful the next time.
    assert receive(Everything, received.message.to_wire()).violations == ()


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_they_are_read_or_refused(payload: bytes) -> None:
    with suppress(UnreadableError):
        receive(GetLogResponse, payload)


def test_a_payload_of_nothing_but_faults_is_refused_and_not_mended() -> None:
    few = {"status": "Idle", **{f"m{number}": 1 for number in range(MOST_MENDS)}}
    assert len(receive(LogStatusNotificationRequest, json.dumps(few).encode()).violations) == MOST_MENDS
    many = {"status": "Idle", **{f"m{number}": 1 for number in range(90_000)}}
    with pytest.raises(UnreadableError, match="more than 100"):
        receive(LogStatusNotificationRequest, json.dumps(many).encode())
