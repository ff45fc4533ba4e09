"""Publish until confirmed, on a real broker, through a wire that is cut and frozen."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from aiormq.abc import ChannelFrame
from pamqp.heartbeat import Heartbeat
from places import until
from wire import Wire

from ocppdiag_amqp import Broker, Publisher, UnconfirmedError, UnroutableError
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services

Tap = Callable[..., Awaitable[AbstractQueue]]


@pytest.fixture
def key() -> str:
    return f"test.{uuid4().hex}"


@pytest.fixture
async def wire(services: Services) -> AsyncIterator[Wire]:
    async with Wire(services.amqp_url) as wire:
        yield wire


@pytest.fixture
async def publisher(wire: Wire) -> AsyncIterator[Publisher]:
    async with Broker(wire.url, name="test") as broker:
        await broker.declare_exchanges()
        yield await Publisher.open(broker)


@pytest.fixture
async def tap(services: Services, publisher: Publisher) -> AsyncIterator[Tap]:
    """A queue that hears keys of the events exchange, on a connection of its own that nobody cuts."""
    del publisher  # it has declared the exchanges
    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel()

        async def hear(*keys: str) -> AbstractQueue:
            queue = await channel.declare_queue(exclusive=True)
            for key in keys:
                await queue.bind(EVENTS.name, key)
            return queue

        yield hear


async def drained(queue: AbstractQueue) -> list[tuple[str | None, bytes]]:
    """All that lies in the queue now, by id and body."""
    found = []
    while message := await queue.get(no_ack=True, fail=False):
        found.append((message.message_id, message.body))
    return found


async def taken(queue: AbstractQueue) -> tuple[str | None, bytes]:
    """The next message in the queue."""
    async with asyncio.timeout(10):
        while (message := await queue.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110 (polled)
            await asyncio.sleep(0.02)
    return message.message_id, message.body


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


async def test_publishes_under_way_survive_cuts_of_the_connection(
    publisher: Publisher, wire: Wire, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    published = []

    async def keep_publishing(name: str) -> None:
        for number in range(30):
            message_id = f"{name}.{number}"
            await publisher.publish(EVENTS, key, b"x" * 5000, message_id=message_id)
            published.append(message_id)

    tasks = [asyncio.create_task(keep_publishing(str(name))) for name in range(20)]
    async with asyncio.timeout(60):
        for count in (50, 300):
            while len(published) < count:  # noqa: ASYNC110 (a test looks from outside)
                await asyncio.sleep(0.001)
            wire.cut()
        await asyncio.gather(*tasks)
    assert len(published) == 600
    assert {message_id for message_id, _ in await drained(queue)} == set(published)


async def test_patience_ends_with_no_confirm_while_the_broker_is_out_of_reach_and_the_next_one_works(
    publisher: Publisher, wire: Wire, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    wire.cut(refuse=True)
    started = time.monotonic()
    with pytest.raises(UnconfirmedError):
        await publisher.publish(EVENTS, key, b"early", patience=1)
    assert 0.9 < time.monotonic() - started < 3
    wire.mend()
    await publisher.publish(EVENTS, key, b"later")
    assert [body for _, body in await drained(queue)] == [b"later"]


async def test_what_a_frozen_way_did_not_confirm_may_be_stored_all_the_same(
    publisher: Publisher, wire: Wire, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    wire.flowing.clear()
    started = time.monotonic()
    with pytest.raises(UnconfirmedError):
        await publisher.publish(EVENTS, key, b"unknown", patience=0.5)
    assert time.monotonic() - started < 2
    wire.flowing.set()
    await publisher.publish(EVENTS, key, b"known")
    assert [body for _, body in await drained(queue)] == [b"unknown", b"known"]


async def test_while_the_connection_stands_a_confirm_is_waited_for_and_nothing_is_repeated(
    publisher: Publisher, wire: Wire, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    wire.flowing.clear()
    asyncio.get_running_loop().call_later(7, wire.flowing.set)
    await publisher.publish(EVENTS, key, b"x")
    await publisher.publish(EVENTS, key, b"end")  # behind all repeats of the first
    assert [body for _, body in await drained(queue)] == [b"x", b"end"]


async def test_what_was_unconfirmed_when_the_connection_went_is_repeated_under_the_same_id(
    publisher: Publisher, wire: Wire, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    wire.answering.clear()
    task = asyncio.create_task(publisher.publish(EVENTS, key, b"x"))
    first = await taken(queue)
    wire.cut()
    wire.answering.set()
    await task
    assert await drained(queue) == [first]


async def test_what_was_unconfirmed_when_the_connection_hung_is_confirmed_on_the_next_one(
    wire: Wire, tap: Tap, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiormq ends such a wait as if somebody had cancelled it: who waits must not end with it."""
    monkeypatch.setattr("ocppdiag_amqp.broker.HEARTBEAT_SECONDS", 1)
    queue = await tap(key)
    async with Broker(wire.url, name="test") as broker:
        publisher = await Publisher.open(broker)
        wire.flowing.clear()
        task = asyncio.create_task(publisher.publish(EVENTS, key, b"x", message_id="1"))
        await until(lambda: not broker._publishing.connected.is_set())
        assert not task.done()
        wire.flowing.set()
        await task
    assert set(await drained(queue)) == {("1", b"x")}


async def test_what_a_connection_does_not_take_is_written_as_soon_as_it_does(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    writes = (await publisher._channel.get_underlay_channel()).connection.write_queue
    task = asyncio.create_task(publisher.publish(EVENTS, key, b"x", patience=5))
    await asyncio.sleep(0)
    while (
        not writes.full()
    ):  # before the publish, whose turn ends with this one, and before anything is written
        writes.put_nowait(ChannelFrame(Heartbeat().marshal(), should_close=False))
    await task
    assert [body for _, body in await drained(queue)] == [b"x"]


async def test_cancelled_publishes_do_not_shift_the_confirms_of_later_ones(
    publisher: Publisher, tap: Tap, key: str
) -> None:
    queue = await tap(key)
    for turns in range(200):
        task = asyncio.create_task(publisher.publish(EVENTS, key, b"cancelled"))
        for _ in range(turns % 20):  # cancelled before it is written, after, and once it is confirmed
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    # An answer that belonged to another publish would show: the unroutable one as confirmed, or the other lost.
    for number in range(10):
        with pytest.raises(UnroutableError):
            await publisher.publish(EVENTS, f"{key}.nobody", b"lost")
        await publisher.publish(EVENTS, key, b"%d" % number)
        assert (await drained(queue))[-1][1] == b"%d" % number
