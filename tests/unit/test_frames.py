"""The OCPP-J envelope: whatever arrives has a value, and what we write is what OCPP allows."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.frames import (
    LONGEST_DESCRIPTION,
    UNREADABLE_ID,
    Call,
    CallError,
    CallResult,
    Malformed,
    is_action,
    parse,
    write_call,
    write_error,
    write_result,
)

UNREADABLE = (UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR)

ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=36)
actions = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,63}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\"'\\é", max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
payloads = st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(),
    st.dictionaries(st.text("xyz", max_size=3), json_values, max_size=4),
    st.sampled_from([None, 0, 3, "\t"]),
    st.booleans(),
)
ODD_PAYLOADS = [
    b"{}",
    b"{ }",
    b'{"a" : 1.0 ,\t"b":1e2}',
    b'{"text":"\\u0041\\u00e9 \\/"}',
    b'{"b":1,"a":2,"b":3}',
    b'{"requestId":0,"customData":{"vendorId":"v","snake_case":null,"soc":[]}}',
    b'{"number":123456789012345678901234567890}',
]


def _bytes_of(payload: Raw | None) -> bytes:
    assert payload is not None
    return bytes(payload)


def _answer(frame: object) -> tuple[str, str]:
    """The id and code of the CALLERROR that is due, after a look at its shape."""
    assert isinstance(frame, Malformed)
    assert frame.answer is not None
    kind, message_id, code, description, details = json.loads(frame.answer)
    assert (kind, details) == (4, {})
    assert len(description) <= LONGEST_DESCRIPTION
    assert code in set(ErrorCode)
    return message_id, code


@pytest.mark.parametrize(
    ("text", "action", "payload"),
    [
        (b'[2,"1","Heartbeat",{}]', "Heartbeat", b"{}"),
        (b' [ 2 , "1" , "Heartbeat" , {"a": 1} ] \n', "Heartbeat", b'{"a": 1}'),
        (b'[2,"1","Heartbeat",null]', "Heartbeat", b"{}"),
        (b'[2,"1","Heartbeat"]', "Heartbeat", b"{}"),
        (b'[2,"1","No such.Action#",{}]', "No such.Action#", b"{}"),
    ],
)
def test_a_call_is_read(text: bytes, action: str, payload: bytes) -> None:
    for form in (text, text.decode()):
        frame = parse(form)
        assert isinstance(frame, Call)
        assert (frame.message_id, frame.action, _bytes_of(frame.payload)) == ("1", action, payload)


@pytest.mark.parametrize("message_id", ["", "-1", "x" * 36, "prefix-" * 6, 'é/\\"\n', "x" * 255])
def test_ids_that_stations_use_are_read(message_id: str) -> None:
    frame = parse(json.dumps([2, message_id, "Heartbeat", {}]))
    assert isinstance(frame, Call)
    assert frame.message_id == message_id


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        (b'[3,"1",{"status":"Accepted"}]', b'{"status":"Accepted"}'),
        (b'[3,"1",null]', b"{}"),
        (b'[3,"1"]', b"{}"),
        (b'[3,"1",{},"more"]', b"{}"),
        (b'[3,"1",[]]', None),
        (b'[3,"1","Accepted"]', None),
        (b'[3,"1",0]', None),
    ],
)
def test_a_result_is_read_and_one_without_an_object_says_so(text: bytes, payload: bytes | None) -> None:
    frame = parse(text)
    assert isinstance(frame, CallResult)
    assert frame.message_id == "1"
    assert (None if frame.payload is None else bytes(frame.payload)) == payload


@pytest.mark.parametrize(
    ("text", "code", "description"),
    [
        (b'[4,"1","NotSupported","no",{}]', "NotSupported", "no"),
        (b'[4,"1","FormationViolation",""]', "FormationViolation", ""),
        (b'[4,"1","OccurenceConstraintViolation"]', "OccurenceConstraintViolation", ""),
        (b'[4,"1","NotSupported","no","details as text"]', "NotSupported", "no"),
        (b'[4,"1","My own code!",null,null]', "My own code!", ""),
        (b'[4,"1",17,{},[]]', "", ""),
        (b'[4,"1"]', "", ""),
    ],
)
def test_an_error_is_read_with_any_code_and_with_members_left_out(
    text: bytes, code: str, description: str
) -> None:
    assert parse(text) == CallError("1", code, description)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"", UNREADABLE),
        (b"nonsense", UNREADABLE),
        (b'{"not":"an array"}', UNREADABLE),
        (b"[]", UNREADABLE),
        (b"[2]", UNREADABLE),
        (b'[2,17,"Heartbeat",{}]', UNREADABLE),
        (b'[2,null,"Heartbeat",{}]', UNREADABLE),
        (b'[2,"1","Heartbeat",{}', UNREADABLE),
        (b'[2,"1","Heartbeat",{}] and more', UNREADABLE),
        (b'[2,"1","Heartbeat",{"a":NaN}]', UNREADABLE),
        (b'[2,"1\x00","Heartbeat",{}]', UNREADABLE),
        (b'[2,"\xff","Heartbeat",{}]', UNREADABLE),
        (b'[2,"1"]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'[2,"1",17,{}]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'[2,"1",{},"Heartbeat"]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'[2,"1","Heartbeat",{},{}]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'["2","1","Heartbeat",{}]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'[true,"1","Heartbeat",{}]', ("1", ErrorCode.RPC_FRAMEWORK_ERROR)),
        (b'[2,"1","Heartbeat",[]]', ("1", ErrorCode.PROTOCOL_ERROR)),
        (b'[2,"1","Heartbeat","{}"]', ("1", ErrorCode.PROTOCOL_ERROR)),
        (b'[2,"1","Heartbeat",0]', ("1", ErrorCode.PROTOCOL_ERROR)),
        (b'[5,"1","GenericError","",{}]', ("1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)),
        (b'[6,"1","NotifyPeriodicEventStream",{}]', ("1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)),
        (b'[-2,"1","Heartbeat",{}]', ("1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)),
    ],
)
def test_what_is_no_frame_is_answered_with_the_code_that_fits(text: bytes, answer: tuple[str, str]) -> None:
    assert _answer(parse(text)) == answer


@given(
    st.sampled_from([3, 4]),
    st.lists(json_values | st.just("x" * 300), max_size=5),
)
def test_neither_a_result_nor_an_error_is_ever_answered(kind: int, members: list[Any]) -> None:
    frame = parse(json.dumps([kind, *members]))
    assert isinstance(frame, CallResult | CallError) or (
        isinstance(frame, Malformed) and frame.answer is None
    )


@given(st.binary() | st.text(st.characters()) | st.builds(json.dumps, st.lists(json_values, max_size=6)))
def test_nothing_that_arrives_raises_and_every_answer_is_well_formed(text: str | bytes) -> None:
    frame = parse(text)
    if isinstance(frame, Malformed) and frame.answer is not None:
        _answer(frame)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'[2,"1","Heartbeat",' + b'{"a":' * 100_000,
        b'[2,"1","Heartbeat",' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]",
        b'[3,"1",' + b"[" * 100_000 + b"]" * 100_000 + b"]",
        b"[" + b"9" * 100_000 + b',"1"]',
        b'[2,"' + b"x" * 1_000_000 + b'","Heartbeat",{}]',
    ],
    ids=["brackets", "open objects", "closed objects", "result", "digits", "id of 1 MB"],
)
def test_depth_and_size_do_no_harm(text: bytes) -> None:
    message_id, _ = _answer(parse(text))
    assert message_id in (UNREADABLE_ID, "1")


@given(ids, actions, payloads | st.sampled_from(ODD_PAYLOADS))
def test_a_call_that_we_write_is_read_back_with_its_payload_byte_for_byte(
    message_id: str, action: str, payload: bytes
) -> None:
    text = write_call(message_id, action, payload)
    assert json.loads(text)[:3] == [2, message_id, action]
    frame = parse(text)
    assert isinstance(frame, Call)
    assert (frame.message_id, frame.action, _bytes_of(frame.payload)) == (message_id, action, payload)


@given(ids, payloads | st.sampled_from(ODD_PAYLOADS))
def test_a_result_that_we_write_is_read_back_with_its_payload_byte_for_byte(
    message_id: str, payload: bytes
) -> None:
    frame = parse(write_result(message_id, Raw(payload)))
    assert isinstance(frame, CallResult)
    assert (frame.message_id, _bytes_of(frame.payload)) == (message_id, payload)


@example("1", ErrorCode.GENERIC_ERROR, "é" * 256)
@given(ids, st.sampled_from(ErrorCode), st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_an_error_that_we_write_has_five_members_and_a_description_within_bounds(
    message_id: str, code: ErrorCode, description: str
) -> None:
    text = write_error(message_id, code, description)
    assert json.loads(text) == [4, message_id, code.value, description[:255], {}]
    assert parse(text) == CallError(message_id, code.value, description[:255])


@pytest.mark.parametrize("name", ["GetLog", "A", "A1" * 32])
def test_a_name_of_letters_and_digits_can_be_an_action(name: str) -> None:
    assert is_action(name)


@pytest.mark.parametrize("name", ["", "1A", "Get.Log", "*", "#", "GetLog\n", "Gét", "A" * 65, "a b"])
def test_a_name_that_would_mean_something_in_a_routing_key_can_be_no_action(name: str) -> None:
    assert not is_action(name)
