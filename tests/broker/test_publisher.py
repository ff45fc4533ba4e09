"""What a publisher puts on a real broker: with which properties and keys, and how it leaves."""

import asyncio

import aio_pika
import pytest
from publishing import Tap, drained
from wire import Wire

from ocppdiag_amqp import Broker, Publisher, UnconfirmedError, UnroutableError
from ocppdiag_contracts.topology import EVENTS


async def test_a_message_that_nobody_takes_raises_and_stops_nobody_else(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    with pytest.raises(UnroutableError):
        await publisher.publish(EVENTS, f"{key}.nobody", b"1")
    await publisher.publish(EVENTS, f"{key}.nobody", b"2", mandatory=False)
    taken, lost = await asyncio.gather(
        publisher.publish(EVENTS, key, b"3"),
        publisher.publish(EVENTS, f"{key}.nobody", b"4"),
        return_exceptions=True,
    )
    assert taken is None
    assert isinstance(lost, UnroutableError)
    assert [body for _, body in await drained(queue)] == [b"3"]


async def test_a_message_has_the_properties_that_were_asked_for(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    await publisher.publish(EVENTS, key, b"{}", message_id="id-1", type="thing", reply_to="me")
    await publisher.publish(EVENTS, key, b"{}", persistent=False)
    asked = await queue.get(no_ack=True)
    plain = await queue.get(no_ack=True)
    assert asked is not None
    assert plain is not None
    assert (asked.message_id, asked.type, asked.reply_to) == ("id-1", "thing", "me")
    assert (asked.content_type, asked.headers) == ("application/json", {})
    assert asked.delivery_mode is aio_pika.DeliveryMode.PERSISTENT
    assert plain.delivery_mode is aio_pika.DeliveryMode.NOT_PERSISTENT
    assert plain.message_id


async def test_what_is_signed_bears_our_user_and_in_another_name_the_broker_says_why_not(
    wire: Wire, publisher: Publisher, tap: Tap, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal closes the channel; on a slow way also while aio-pika still restores it, which it then gives up."""
    queue = await tap(key)
    await publisher.publish(EVENTS, key, b"1")
    await publisher.publish(EVENTS, key, b"2", signed=True)
    wire.delay = 0.05
    with monkeypatch.context() as patch:
        patch.setattr(Broker, "user", "somebody else")
        with pytest.raises(UnconfirmedError, match="user_id property set to 'somebody else'"):
            await publisher.publish(EVENTS, key, b"3", signed=True, patience=3)
    wire.delay = 0
    await publisher.publish(EVENTS, key, b"4", signed=True)
    heard = [await queue.get(no_ack=True) for _ in range(3)]
    assert [(message.body, message.user_id) for message in heard if message] == [
        (b"1", None),
        (b"2", "guest"),
        (b"4", "guest"),
    ]


@pytest.mark.parametrize(
    ("address", "user"),
    [("127.0.0.1", "guest"), ("me@127.0.0.1", "me"), ("a%40b%20%C3%BC:p%2F@127.0.0.1", "a@b ü")],
)
def test_our_user_is_the_one_of_the_address(address: str, user: str) -> None:
    assert Broker(f"amqp://{address}/", name="test").user == user


async def test_a_second_key_is_heard_once_even_by_who_hears_both(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    both, first, second = await tap(key, f"{key}.also"), await tap(key), await tap(f"{key}.also")
    await publisher.publish(EVENTS, key, b"x", message_id="1", also=f"{key}.also")
    for queue in (both, first, second):
        assert await drained(queue) == [("1", b"x")]


async def test_nobody_who_hears_a_message_sees_its_second_key(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    queues = await tap(key), await tap(f"{key}.also")
    await publisher.publish(EVENTS, key, b"x", headers={"a": "b"}, also=f"{key}.also")
    for queue in queues:
        heard = await queue.get(no_ack=True)
        assert heard is not None
        assert heard.headers == {"a": "b"}


async def test_the_second_key_alone_is_somebody_who_takes_it(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    second = await tap(f"{key}.also")
    await publisher.publish(EVENTS, key, b"x", message_id="1", also=f"{key}.also")
    assert await drained(second) == [("1", b"x")]


async def test_what_is_published_in_one_turn_leaves_in_one_write_and_in_that_order(
    publisher: Publisher, tap: Tap, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = await tap(key)
    writes = (await publisher._channel.get_underlay_channel()).connection.write_queue
    written = []
    put = writes.put_nowait

    def spy(frame: object) -> None:
        written.append(frame)
        put(frame)

    monkeypatch.setattr(writes, "put_nowait", spy)
    await asyncio.gather(*(publisher.publish(EVENTS, key, b"%d" % number) for number in range(100)))
    assert len(written) == 1
    assert [body for _, body in await drained(queue)] == [b"%d" % number for number in range(100)]


async def test_a_message_of_several_frames_arrives_whole(publisher: Publisher, tap: Tap, key: str) -> None:
    queue = await tap(key)
    body = bytes(range(256)) * 2000  # a frame holds 128 kB
    await asyncio.gather(*(publisher.publish(EVENTS, key, body, message_id=str(i)) for i in range(3)))
    assert await drained(queue) == [(str(number), body) for number in range(3)]
