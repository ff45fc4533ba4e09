"""The queues of the topology on a real RabbitMQ: declared twice, claimed or not, and shared."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from aio_pika.abc import AbstractQueue
from aio_pika.exceptions import ChannelPreconditionFailed

from ocppdiag_amqp import Broker, Publisher, UnroutableError
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_contracts import topology
from ocppdiag_contracts.topology import COMMANDS, DEAD, EVENTS, GATEWAY, STATION, Queue, station_key
from ocppdiag_local.services import Services

Declare = Callable[[Queue], Awaitable[AbstractQueue]]


@pytest.fixture
def name() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def shard() -> int:
    return uuid4().int % 10**9  # one that no worker has


@pytest.fixture
async def broker(services: Services) -> AsyncIterator[Broker]:
    async with Broker(services.amqp_url, name="test") as broker:
        await broker.declare_exchanges()
        yield broker


@pytest.fixture
async def other(services: Services) -> AsyncIterator[Broker]:
    async with Broker(services.amqp_url, name="other") as other:
        await other.declare_exchanges()
        yield other


@pytest.fixture
async def publisher(broker: Broker) -> Publisher:
    return await Publisher.open(broker)


@pytest.fixture
async def declare(broker: Broker) -> AsyncIterator[Declare]:
    """Declare queues that do not outlive the test."""
    channel = await broker.consuming_channel(10)
    declared = []

    async def one(queue: Queue) -> AbstractQueue:
        declared.append(await declare_queue(channel, queue))
        return declared[-1]

    yield one
    for queue in declared:
        await channel.queue_delete(queue.name)


def commands(name: str) -> Queue:
    """The commands queue under a name of our own, for commands that nobody else knows."""
    return replace(topology.commands_queue((name,)), name=name)


async def test_every_queue_can_be_declared_twice_and_by_two_processes(
    declare: Declare, other: Broker, name: str, shard: int
) -> None:
    for queue in (
        commands(name),
        topology.diagnostics_queue(shard, ("BootNotification", "LogStatusNotification")),
        topology.gateway_queue(name),
        topology.reply_queue(name),
        topology.watch_queue(name, (f"command_settled.{name}", f"log_stored.{name}")),
    ):
        await declare(queue)
        await declare(queue)
        again = await declare_queue(await other.consuming_channel(1), queue)
        assert again.name == queue.name
        assert again.declaration_result.message_count == 0


async def test_the_broker_keeps_what_a_queue_was_declared_with(
    declare: Declare, other: Broker, name: str
) -> None:
    queue = commands(name)
    await declare(queue)
    channel = await other.consuming_channel(1)
    with pytest.raises(ChannelPreconditionFailed):
        await declare_queue(channel, replace(queue, arguments={**queue.arguments, "x-delivery-limit": 3}))


async def test_an_action_that_nobody_has_claimed_comes_back_and_a_claimed_one_does_not(
    declare: Declare, publisher: Publisher, shard: int
) -> None:
    claimed, unclaimed = (
        station_key("call", action, shard) for action in ("BootNotification", "StartTransaction")
    )
    with pytest.raises(UnroutableError):
        await publisher.publish(STATION, claimed, b"early")
    queue = await declare(topology.diagnostics_queue(shard, ("BootNotification",)))
    await publisher.publish(STATION, claimed, b"claimed")
    with pytest.raises(UnroutableError):
        await publisher.publish(STATION, unclaimed, b"unclaimed")
    with pytest.raises(UnroutableError):
        await publisher.publish(STATION, station_key("call", "BootNotification", shard + 1), b"elsewhere")
    message = await queue.get(no_ack=True)
    assert message is not None
    assert message.body == b"claimed"
    assert await queue.get(no_ack=True, fail=False) is None


async def test_what_belongs_to_our_own_calls_and_the_presence_of_stations_reaches_the_workers(
    declare: Declare, publisher: Publisher, shard: int
) -> None:
    queue = await declare(topology.diagnostics_queue(shard, ()))
    kinds = [("result", topology.OWNER), ("upload", topology.OWNER)]
    for kind, owner in [*kinds, ("presence", "connected"), ("presence", "disconnected")]:
        key = station_key(kind, owner, shard)
        await publisher.publish(STATION, key, b"x")
        message = await queue.get(no_ack=True)
        assert message is not None
        assert message.routing_key == key
    with pytest.raises(UnroutableError):
        await publisher.publish(STATION, station_key("result", "somebody", shard), b"x")


async def test_another_team_claims_an_action_with_a_queue_of_its_own(
    declare: Declare, publisher: Publisher, shard: int, name: str
) -> None:
    ours = await declare(topology.diagnostics_queue(shard, ("BootNotification",)))
    key = station_key("call", "StartTransaction", shard)
    theirs = await declare(Queue(name, ((STATION, key),)))
    await publisher.publish(STATION, key, b"x")
    assert await theirs.get(no_ack=True) is not None
    assert await ours.get(no_ack=True, fail=False) is None


async def test_a_gateway_that_is_not_there_is_heard_of_at_once(
    declare: Declare, publisher: Publisher, name: str
) -> None:
    with pytest.raises(UnroutableError):
        await publisher.publish(GATEWAY, name, b"order", persistent=False)
    queue = await declare(topology.gateway_queue(name))
    await publisher.publish(GATEWAY, name, b"order", persistent=False)
    await queue.delete(if_unused=False, if_empty=False)
    with pytest.raises(UnroutableError):
        await publisher.publish(GATEWAY, name, b"order", persistent=False)


async def test_two_clients_each_hear_what_they_bound_and_only_the_one_named_hears_a_reply(
    declare: Declare, publisher: Publisher, name: str
) -> None:
    watching = [
        await declare(topology.watch_queue(f"{name}-{who}", (f"command_settled.{name}",))) for who in "ab"
    ]
    replies = [await declare(topology.reply_queue(f"{name}-{who}")) for who in "ab"]
    await publisher.publish(
        EVENTS,
        topology.event_key("command_settled", name),
        b"event",
        mandatory=False,
        also=topology.reply_key(f"{name}-a"),
    )
    heard = [await queue.get(no_ack=True, fail=False) for queue in (*watching, *replies)]
    assert [message and message.body for message in heard] == [b"event", b"event", b"event", None]


async def test_a_station_with_dots_and_stars_in_its_name_is_one_word_of_a_key(
    declare: Declare, publisher: Publisher, name: str
) -> None:
    station = f"CS.1*= {name}"
    queue = await declare(topology.watch_queue(name, (topology.event_key("log_stored", station),)))
    wild = await declare(topology.watch_queue(f"{name}-wild", ("log_stored.*",)))
    await publisher.publish(EVENTS, topology.event_key("log_stored", station), b"x")
    for heard in (queue, wild):
        assert await heard.get(no_ack=True, fail=False) is not None


async def test_what_workers_reject_reaches_the_dead_letters_under_its_origin(
    declare: Declare, publisher: Publisher, name: str
) -> None:
    origin = f"test.{name}"
    queue = commands(name)
    queue = replace(queue, arguments={**queue.arguments, "x-dead-letter-routing-key": origin})
    dead = await declare(Queue(f"{name}-dead", ((DEAD, origin),)))
    taken = await declare(queue)
    await publisher.publish(COMMANDS, name, b"bad", message_id="1")
    message = await taken.get()
    assert message is not None
    await message.reject(requeue=False)
    async with asyncio.timeout(10):
        while (letter := await dead.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110 (the broker tells nobody)
            await asyncio.sleep(0.05)
    assert (letter.body, letter.message_id, letter.delivery_mode) == (b"bad", "1", 2)
