"""How deep a payload may be: counted without reading it, whatever brackets and quotes are in its texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.frames import DEEPEST, MOST_NESTED, Call, CallResult, Malformed, parse


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + closing * levels


@pytest.mark.parametrize(
    ("payload", "deep"),
    [
        ('{"a":' + nested(DEEPEST - 1) + "}", False),
        ('{"a":' + nested(DEEPEST) + "}", True),
        ('{"a":' * DEEPEST + "1" + "}" * DEEPEST, False),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), True),
        ('{"a":' + nested(900) + "}", True),
        ('{"a":[' + ",".join([nested(DEEPEST - 2)] * 300) + "]}", False),
        ('{"a":[' + ",".join([nested(3)] * 300 + [nested(DEEPEST - 1)]) + "]}", True),
        ('{"a":[' + ",".join(["[]"] * (MOST_NESTED - 2)) + "]}", False),
        ('{"a":[' + ",".join(["[]"] * MOST_NESTED) + "]}", True),
        ('{"' + "[" * 1000 + '":"' + "{" * 1000 + '"}', False),
        ('{"\\"' + "[" * 1000 + '\\\\":"' + "{" * 1000 + '\\u005b\\\\\\""}', False),
        ('{"\\"' + "]" * 1000 + '":' + nested(DEEPEST) + ',"x":"' + "]" * 100 + '"}', True),
        ('{"a":' + '["]",' * DEEPEST + '"]"' + "]" * DEEPEST + "}", True),
        ('{"a":' + '["\\\\",' * DEEPEST + '"\\\\"' + "]" * DEEPEST + "}", True),
    ],
)
def test_a_payload_of_more_levels_than_ocpp_needs_is_refused_whatever_is_in_its_texts(
    payload: str, *, deep: bool
) -> None:
    json.loads(payload)
    call, result = parse(f'[2,"1","Heartbeat",{payload}]'), parse(f'[3,"1",{payload}]')
    assert isinstance(result, CallResult)
    if deep:
        assert isinstance(call, Malformed)
        assert json.loads(call.answer or b"")[:3] == [4, "1", ErrorCode.FORMAT_VIOLATION]
        assert result.payload is None
    else:
        assert isinstance(call, Call)
        assert bytes(call.payload) == bytes(result.payload or b"") == payload.encode()


def depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


@given(
    st.recursive(
        st.text('[]{}"\\ab', max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=3), inner, max_size=2)
        ),
        max_leaves=20,
    ),
    st.integers(DEEPEST - 8, DEEPEST),
)
def test_levels_are_counted_as_they_are(inside: Any, around: int) -> None:  # noqa: ANN401 (JSON)
    payload = {"a": inside}
    for _ in range(around - 1):
        payload = {"]": payload}
    assert isinstance(parse(json.dumps([2, "1", "Heartbeat", payload])), Call) == (depth(payload) <= DEEPEST)
