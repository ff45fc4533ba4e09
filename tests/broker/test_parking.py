"""The parking queue on a real broker: looked at without harm, and emptied by nothing but being dealt with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from stage import until
from wire import Wire

from ocppdiag_amqp import (
    Broker,
    BrokerError,
    Delivery,
    Held,
    Parked,
    Parking,
    Publisher,
    UnroutableError,
    park,
)
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_amqp.parking import LARGEST_HEADERS, LONGEST_REASON
from ocppdiag_client.parked import again
from ocppdiag_contracts.commands import SetMonitoringLevel, read_command
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, DEAD, PARKING, Queue, commands_queue
from ocppdiag_local.services import Services

DEFAULT_LIMIT = 20
"""RabbitMQ 4's own, for a quorum queue that says nothing."""


@dataclass
class Origin:
    """A queue of the test's own that messages are parked from, and that they come back to."""

    url: str
    publisher: Publisher
    channel: AbstractChannel
    queue: AbstractQueue

    def delivery(self, body: bytes, **more: object) -> Delivery:
        taken = Delivery(
            body=body,
            reply_to="me",
            routing_key=self.queue.name,
            queue=self.queue.name,
            exchange=COMMANDS.name,
            message_id=f"m-{uuid4().hex}",
            type="kind",
            content_type="text/plain",
        )
        return replace(taken, **more)  # type: ignore[arg-type]

    async def park(self, body: bytes, **more: object) -> Delivery:
        delivery = self.delivery(body, **more)
        await park(self.publisher, delivery, body, "because")
        return delivery

    @asynccontextmanager
    async def look(self, url: str | None = None) -> AsyncIterator[list[Held]]:
        async with Parking.open(url or self.url) as parking:
            yield [held async for held in parking.messages() if held.parked.queue == self.queue.name]

    async def parked(self) -> list[Parked]:
        async with self.look() as held:
            return [each.parked for each in held]

    async def stays(self, count: int) -> list[Parked]:
        """So many are there, as soon as what others held is back."""
        found: list[Parked] = []

        async def there() -> bool:
            found[:] = await self.parked()
            return len(found) == count

        await until(there)
        return found


@pytest.fixture
async def origin(services: Services) -> AsyncIterator[Origin]:
    name = f"test.{uuid4().hex}"
    url = services.amqp_url
    async with Broker(url, name="test") as broker, await aio_pika.connect(url) as connection:
        await broker.declare_exchanges()
        channel = await connection.channel()
        queue = commands_queue((name,))
        made = await declare_queue(channel, replace(queue, name=name))
        yield Origin(url, await Publisher.open(broker), channel, made)
        async with Parking.open(url) as parking:
            async for held in parking.messages():
                if held.parked.queue == name:
                    await held.drop()
        await channel.queue_delete(name)


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


async def test_what_is_sent_again_is_where_it_had_come_from_and_no_longer_here(origin: Origin) -> None:
    delivery = await origin.park(b"a", headers={"traceparent": "00-1"})
    async with origin.look() as (held,):
        shape = again(held.parked, now())
        await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)
    assert await origin.parked() == []
    back = await origin.queue.get(no_ack=True)
    assert back is not None
    assert (back.body, back.exchange, back.routing_key) == (b"a", COMMANDS.name, origin.queue.name)
    assert (back.message_id, back.reply_to) == (delivery.message_id, "me")
    assert (back.type, back.content_type, back.delivery_mode) == ("kind", "text/plain", 2)
    assert back.headers["traceparent"] == "00-1"
    assert not any(name.startswith("parked_") for name in back.headers)


@pytest.mark.parametrize("first", ["tenant-a", None])
async def test_what_is_sent_again_is_ours_and_names_all_who_had_sent_it(
    origin: Origin, first: str | None
) -> None:
    taken, earlier = origin.delivery(b"a", user_id=first), first or ""
    for senders in (earlier, f"{earlier}\nguest"):
        await park(origin.publisher, taken, b"a", "because")
        async with origin.look() as (held,):
            assert held.parked.user == taken.user_id
            await held.send(COMMANDS, b"a", message_id=None, headers=held.parked.headers)
        back = await origin.queue.get(no_ack=True)
        assert back is not None
        assert (back.user_id, back.headers["sent_for"]) == ("guest", senders)
        taken = origin.delivery(b"a", user_id=back.user_id, headers=back.headers)
    assert taken.senders == ("guest", first, "guest")


async def test_what_nobody_takes_stays(origin: Origin) -> None:
    await origin.park(b"a", routing_key="nobody")
    async with origin.look() as (held,):
        with pytest.raises(UnroutableError):
            await held.send(COMMANDS, b"a", message_id=None, headers={})
    assert [parked.body for parked in await origin.stays(1)] == [b"a"]


async def test_a_command_whose_sender_falls_between_sending_and_taking_it_out_is_sent_as_the_same_one(
    origin: Origin,
) -> None:
    time = now() - timedelta(hours=1)
    command = SetMonitoringLevel(id="c1", station="CS-1", severity=3, time=time)
    await origin.park(command.model_dump_json().encode())

    async def send(url: str, cut: Wire | None = None) -> None:
        async with origin.look(url) as (held,):
            shape = again(held.parked, now())
            if cut:
                take_out = held.drop

                async def fall() -> None:
                    cut.cut(refuse=True)
                    await origin.stays(1)
                    await take_out()

                held.drop = fall  # type: ignore[method-assign]
            await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)

    async with Wire(origin.url) as wire:
        with pytest.raises(BrokerError):
            await send(wire.url, wire)
    await origin.stays(1)
    await send(origin.url)
    assert await origin.parked() == []
    sent = [await origin.queue.get(no_ack=True) for _ in range(2)]
    first, second = (read_command(message.body) for message in sent if message)
    assert first.id == second.id != command.id


async def test_what_fails_again_while_all_are_sent_again_waits_for_the_next_time(origin: Origin) -> None:
    for number in range(3):
        await origin.park(b"%d" % number)
    seen = []
    async with asyncio.timeout(30), Parking.open(origin.url) as parking:
        async for held in parking.messages():
            if held.parked.queue == origin.queue.name:
                seen.append(held.parked.body)
                await held.send(COMMANDS, held.parked.body, message_id=None, headers={})
                await origin.park(held.parked.body)
    assert seen == [b"0", b"1", b"2"]
    await origin.stays(3)


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
