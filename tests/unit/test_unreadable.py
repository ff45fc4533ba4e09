"""The properties of a message, whatever bytes they are: they are read, or the message comes without them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from ocppdiag_amqp import unreadable
from ocppdiag_amqp.unreadable import UNREADABLE

unreadable.install()


def read(size: int, rest: bytes) -> ContentHeader:
    header = ContentHeader()
    header.unmarshal(struct.pack(">HHQ", Basic.frame_id, 0, size) + rest)
    return header


@given(st.integers(0, 2**63), st.binary(max_size=200))
def test_nothing_raises_and_the_length_of_the_body_is_known(size: int, rest: bytes) -> None:
    assert read(size, rest).body_size == size


@pytest.mark.parametrize("depth", [1, 5000])
def test_headers_in_headers_without_end_are_left_out(depth: int) -> None:
    table = b"\x01k" + b"t\x01"
    for _ in range(depth):
        table = b"\x01kF" + struct.pack(">I", len(table)) + table
    header = read(3, struct.pack(">HI", 1 << 13, len(table)) + table)
    assert (header.body_size, header.properties.headers == {UNREADABLE: True}) == (3, depth > 1000)


@given(
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=9), st.text(max_size=20) | st.integers(0, 2**31), max_size=4),
)
def test_what_can_be_read_is_read_as_ever(message_id: str, headers: dict[str, str | int]) -> None:
    written = Basic.Properties(message_id=message_id, headers=dict(headers), delivery_mode=2)
    header = read(7, ContentHeader(body_size=7, properties=written).marshal()[12:])
    assert header.properties.message_id == message_id
    assert (header.properties.headers or {}) == headers
