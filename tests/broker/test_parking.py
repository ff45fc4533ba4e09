"""The parking queue on a real broker: looked at without harm, and emptied by nothing but being dealt with."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import aio_pika
import pytest
from origin import Origin
from wire import Wire

from ocppdiag_amqp import BrokerError, Parked, park
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_amqp.parking import LARGEST_HEADERS, LONGEST_REASON
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, DEAD, PARKING, Queue
from ocppdiag_local.services import Services

DEFAULT_LIMIT = 20
"""RabbitMQ 4's own, for a quorum queue that says nothing."""


async def test_what_is_parked_says_why_and_how_it_had_come(origin: Origin) -> None:
    theirs = {"traceparent": "00-1", "CC": ["x"], "x-death": [{"queue": "forged"}], "parked_reason": "forged"}
    before = now()
    delivery = await origin.park(b"\xff", attempts=7, headers=theirs)
    (parked,) = await origin.parked()
    assert parked.at is not None
    assert before <= parked.at <= now()
    assert parked == Parked(
        id=parked.id,
        at=parked.at,
        reason="because",
        queue=origin.queue.name,
        exchange=COMMANDS.name,
        key=origin.queue.name,
        deliveries=8,
        withheld=False,
        body=b"\xff",
        message_id=delivery.message_id,
        type="kind",
        content_type="text/plain",
        reply_to="me",
        headers={"traceparent": "00-1"},
    )


async def test_no_header_of_a_sender_is_too_long_to_be_parked(origin: Origin) -> None:
    """A frame holds 128 KiB of them, and one that is longer would end the connection of who publishes it."""
    await origin.park(b"a", headers={"long": "x" * 120_000})
    await origin.park(b"b", headers={"long": "x" * (LARGEST_HEADERS - 4)})
    delivery = origin.delivery(b"c")
    await park(origin.publisher, delivery, b"c", "x" * 200_000)
    found = {each.body: each for each in await origin.parked()}
    assert [len(found[body].headers) for body in (b"a", b"b", b"c")] == [0, 1, 0]
    assert len(found[b"c"].reason) == LONGEST_REASON


async def test_a_message_that_is_looked_at_again_and_again_stays_and_keeps_its_id(origin: Origin) -> None:
    for body in (b"a", b"b", b"c"):
        await origin.park(body)
    first = {parked.body: parked for parked in await origin.stays(3)}
    assert len({parked.id for parked in first.values()}) == 3
    for _ in range(DEFAULT_LIMIT + 5):
        assert {parked.body: parked for parked in await origin.stays(3)} == first


async def test_the_parking_queue_has_a_delivery_limit_that_is_never_reached(origin: Origin) -> None:
    """RabbitMQ 4 drops after 20 deliveries where none is given."""
    assert PARKING.arguments["x-delivery-limit"] == 2**31 - 1
    again = await declare_queue(origin.channel, PARKING)
    assert again.name == PARKING.name


async def test_who_looks_holds_what_it_sees_and_gives_it_back_when_it_falls(origin: Origin) -> None:
    await origin.park(b"a")
    async with Wire(origin.url) as wire:
        async with origin.look(wire.url) as (held,):
            assert await origin.parked() == []
            wire.cut(refuse=True)
            await origin.stays(1)
            with pytest.raises(BrokerError):
                await held.drop()
        assert [parked.body for parked in await origin.stays(1)] == [b"a"]


@pytest.mark.parametrize("rejected", [True, False])
async def test_of_what_the_broker_has_dead_lettered_its_own_word_counts(
    services: Services, origin: Origin, *, rejected: bool
) -> None:
    name = f"{origin.queue.name}.1"
    arguments: dict[str, str | int | bool] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1,
        "x-dead-letter-exchange": DEAD.name,
    }
    queue = await declare_queue(origin.channel, Queue(name, ((COMMANDS, name),), arguments))
    await origin.publisher.publish(COMMANDS, name, b"a", message_id="m", headers={"parked_reason": "forged"})
    if rejected:
        message = await queue.get()
        assert message is not None
        await message.reject(requeue=False)
    else:
        for _ in range(2):
            async with await aio_pika.connect(services.amqp_url) as connection:
                taking = await (await connection.channel()).get_queue(name)
                async with asyncio.timeout(10):
                    while not (poison := await taking.get(fail=False)):  # noqa: ASYNC110 (the broker tells nobody)
                        await asyncio.sleep(0.02)
                await poison.reject(requeue=True)
    mine = replace(origin, queue=queue)
    (parked,) = await mine.stays(1)
    expected = "rejected" if rejected else "given up after too many deliveries"
    assert expected in parked.reason
    assert (parked.queue, parked.exchange, parked.key) == (name, COMMANDS.name, name)
    assert (parked.body, parked.message_id, parked.deliveries) == (b"a", "m", None)
    assert parked.at is not None
    assert now() - parked.at < timedelta(minutes=1)
    async with mine.look() as (held,):
        await held.drop()
    assert await mine.parked() == []
    await origin.channel.queue_delete(name)


async def test_what_anybody_has_put_there_is_shown_too(origin: Origin) -> None:
    headers = {
        "parked_queue": origin.queue.name,
        "parked_at": "long ago",
        "parked_deliveries": "-",
        "x-odd": "y",
    }
    exchange = await origin.channel.get_exchange(DEAD.name)
    await exchange.publish(aio_pika.Message(b"a", headers={**headers}), "x")
    (parked,) = await origin.stays(1)
    assert (parked.at, parked.deliveries, parked.exchange, parked.reason) == (
        None,
        None,
        None,
        "none is given",
    )
    assert parked.headers == {}
