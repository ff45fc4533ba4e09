"""Publish until confirmed, on a real broker: through a wire that is cut and frozen, and when nobody waits any more."""

import asyncio
import time

import pytest
from aiormq.abc import ChannelFrame
from pamqp.heartbeat import Heartbeat
from places import until
from publishing import Tap, drained, taken
from wire import Wire

from ocppdiag_amqp import Broker, Publisher, UnconfirmedError, UnroutableError
from ocppdiag_contracts.topology import EVENTS


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
