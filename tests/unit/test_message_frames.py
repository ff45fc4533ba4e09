"""What we write of a message is, byte for byte, what pamqp would write of it."""

from typing import Any

import pytest
from aiormq.abc import ChannelFrame
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from ocppdiag_amqp.message import Message
from ocppdiag_contracts.topology import EXCHANGES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SHORT = st.none() | TEXTS
NAMES = TEXTS.filter(lambda name: name > "BCC" and len(name.encode()) <= 128)
"""Of headers: pamqp sorts them and cuts them off there."""

MESSAGES = st.builds(
    Message,
    exchange=st.sampled_from([exchange.name for exchange in EXCHANGES]),
    key=TEXTS,
    body=st.binary(max_size=300),
    message_id=TEXTS.filter(bool),
    mandatory=st.booleans(),
    persistent=st.booleans(),
    content_type=SHORT,
    type=SHORT,
    reply_to=SHORT,
    user_id=SHORT,
    headers=st.none() | st.dictionaries(NAMES, TEXTS).map(lambda made: dict(sorted(made.items()))),
    also=SHORT,
)


def written_by_pamqp(message: Message, channel: int, most: int) -> bytes:
    headers: dict[str, Any] = dict(message.headers or {})
    if message.also:
        headers["BCC"] = [message.also]
    properties = Basic.Properties(
        content_type=message.content_type,
        headers=headers or None,
        delivery_mode=2 if message.persistent else 1,
        reply_to=message.reply_to,
        message_id=message.message_id,
        message_type=message.type,
        user_id=message.user_id,
    )
    body = message.body
    pieces = [ContentBody(body[start : start + most]) for start in range(0, len(body), most)]
    publish = Basic.Publish(exchange=message.exchange, routing_key=message.key, mandatory=message.mandatory)
    header = ContentHeader(body_size=len(body), properties=properties)
    return ChannelFrame.marshall(channel, [publish, header, *pieces]).payload


@given(MESSAGES, st.integers(1, 2**16 - 1), st.integers(1, 400))
def test_a_message_is_written_as_pamqp_would_write_it(message: Message, channel: int, most: int) -> None:
    assert message.frames(channel, most) == written_by_pamqp(message, channel, most)


@pytest.mark.parametrize(
    "of", ["exchange", "key", "message_id", "type", "reply_to", "user_id", "content_type"]
)
def test_what_is_too_long_for_amqp_is_refused_before_anything_is_written(of: str) -> None:
    def of_letters(count: int) -> Message:
        texts: dict[str, Any] = {"exchange": "e", "key": "k", "message_id": "i", of: "ü" * count}
        return Message(body=b"", **texts)

    assert of_letters(127).frames(1, 1000)
    with pytest.raises(ValueError, match="256"):
        of_letters(128).frames(1, 1000)
