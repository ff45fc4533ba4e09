"""Broken payloads that go along with their events: as sent, and none that a reader of events could choke on."""

import json

import pytest

from ocppdiag_workers.dialect import DEEPEST_SHOWN, LARGEST_SHOWN, shown


def nested(levels: int, empty: str) -> bytes:
    """So many containers, one in the other, the innermost empty or around a number."""
    return b'{"a":' * (levels - 1) + empty.encode() + b"}" * (levels - 1)


def test_a_payload_is_shown_as_it_was_sent() -> None:
    content = {"seqNo": "1", "data": [None, {"\u00fc": 1.5}]}
    assert shown(json.dumps(content).encode()) == content


@pytest.mark.parametrize("innermost", ["{}", '{"a":1}', "[]", '["x"]'])
def test_a_payload_that_is_deeper_than_readers_go_is_left_out(innermost: str) -> None:
    assert shown(nested(DEEPEST_SHOWN, innermost)) is not None
    assert shown(nested(DEEPEST_SHOWN + 1, innermost)) is None
    assert shown(nested(100_000, innermost)[:LARGEST_SHOWN]) is None


def test_a_payload_that_is_large_is_left_out() -> None:
    frame = len(b'{"a":""}')
    assert shown(b'{"a":"' + b"x" * (LARGEST_SHOWN - frame) + b'"}') is not None
    assert shown(b'{"a":"' + b"x" * (LARGEST_SHOWN - frame + 1) + b'"}') is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 60_000])
def test_what_is_no_object_is_left_out(text: bytes) -> None:
    assert shown(text) is None
