"""What RabbitMQ refuses with the generated definitions: whatever is not a user's work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused
from restricted import Restricted, restricted

from ocppdiag_amqp import Broker, BrokerError, UnconfirmedError
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_client import Diagnostics
from ocppdiag_contracts.commands import CustomerInformation, GetLog
from ocppdiag_contracts.definitions_kubernetes import SCALER
from ocppdiag_contracts.topology import COMMANDS, EVENTS, WORKERS_OWN, gateway_queue

pytestmark = pytest.mark.asyncio(loop_scope="module")

GATEWAY = "gateway.gateway-0"
GATEWAY_QUEUE = gateway_queue("gateway-0")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Restricted]:
    async with restricted(tmp_path_factory.mktemp("restricted")) as broker:
        async with broker.channel(GATEWAY) as channel:
            await declare_queue(channel, GATEWAY_QUEUE)
        yield broker


Attempt = Callable[[AbstractChannel], Awaitable[object]]


def publish(exchange: str, key: str, **headers: Any) -> Attempt:  # noqa: ANN401
    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b"[]", headers=headers), key)

    return attempt


def bind(own: str, exchange: str, key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        queue = await channel.declare_queue(own, durable=True, arguments={"x-expires": 60_000})
        await queue.bind(exchange, key)

    return attempt


def bind_its_own(exchange: str, key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(GATEWAY_QUEUE.name)).bind(exchange, key)

    return attempt


def declare(name: str, **arguments: Any) -> Attempt:  # noqa: ANN401
    arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
    return lambda channel: channel.declare_queue(name, durable=True, arguments=arguments)


def consume(name: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        queue = await channel.get_queue(name)
        await queue.get(fail=False)

    return attempt


def purge(name: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(name)).purge()

    return attempt


def delete(name: str) -> Attempt:
    return lambda channel: channel.queue_delete(name)


def delete_exchange(name: str) -> Attempt:
    return lambda channel: channel.exchange_delete(name)


OWN = "ocppdiag.watch.of-a-test"
FORBIDDEN: dict[str, tuple[str, Attempt]] = {
    "a service tells events": ("billing", publish("ocppdiag.events", "command_settled.CS-1")),
    "a service speaks for stations": ("billing", publish("ocppdiag.station", "call.BootNotification.0")),
    "a service gives orders to gateways": ("billing", publish("ocppdiag.gateway", "gateway-0")),
    "a service parks messages": ("billing", publish("ocppdiag.dead", "x")),
    "a service puts guards": ("billing", publish("ocppdiag.guards", "1")),
    "a service sends to a queue by its name": ("billing", publish("", "ocppdiag.commands")),
    "a service has queues of any name": ("billing", declare("mine")),
    "a service passes messages on to another exchange": (
        "billing",
        declare(f"{OWN}-letters", x_dead_letter_exchange="ocppdiag.station"),
    ),
    "a service passes messages on to queues": (
        "billing",
        declare(f"{OWN}-letters", x_dead_letter_exchange=""),
    ),
    "a service takes commands": ("billing", consume("ocppdiag.commands")),
    "a service looks at what was parked": ("billing", consume("ocppdiag.parking")),
    "a service throws away what was parked": ("billing", purge("ocppdiag.parking")),
    "a service reads station traffic": ("billing", consume("ocppdiag.diagnostics.0")),
    "a service reads the journal of ends": ("billing", consume("ocppdiag.ends")),
    "a service takes a gateway's orders": ("billing", consume(GATEWAY_QUEUE.name)),
    "a service deletes the queue for commands": ("billing", delete("ocppdiag.commands")),
    "a service deletes the exchange for commands, and with it who may use it": (
        "billing",
        delete_exchange("ocppdiag.commands"),
    ),
    "a service looks on at everything": ("billing", bind(OWN, "ocppdiag.events", "#")),
    "a service looks on at other events": ("billing", bind(OWN, "ocppdiag.events", "station_connected.CS-1")),
    "a service looks on at all replies": ("billing", bind(OWN, "ocppdiag.events", "reply.#")),
    "a service looks on at commands": ("billing", bind(OWN, "ocppdiag.commands", "get_log")),
    "a service looks on at station traffic": ("billing", bind(OWN, "ocppdiag.station", "call.#")),
    "a service looks on at orders": ("billing", bind(OWN, "ocppdiag.gateway", "gateway-0")),
    "a service looks on at what is parked": ("billing", bind(OWN, "ocppdiag.dead", "#")),
    "a wall board sends a command": ("wall-board", publish("ocppdiag.commands", "get_log")),
    "a wall board looks on at what it was not granted": (
        "wall-board",
        bind(f"{OWN}-wall", "ocppdiag.events", "command_settled.#"),
    ),
    "an upload receiver speaks for stations": ("uploads", publish("ocppdiag.station", "call.Heartbeat.0")),
    "an upload receiver sends commands": ("uploads", publish("ocppdiag.commands", "get_log")),
    "an upload receiver takes messages": ("uploads", consume("ocppdiag.diagnostics.0")),
    "an upload receiver has queues": ("uploads", declare("ocppdiag.watch.uploads")),
    "a gateway tells of uploads": (GATEWAY, publish("ocppdiag.station", "upload.diagnostics.0")),
    "a gateway sends commands": (GATEWAY, publish("ocppdiag.commands", "get_log")),
    "a gateway tells events": (GATEWAY, publish("ocppdiag.events", "command_settled.CS-1")),
    "a gateway takes commands": (GATEWAY, consume("ocppdiag.commands")),
    "a gateway takes station traffic": (GATEWAY, consume("ocppdiag.diagnostics.0")),
    "a gateway looks on at events": (GATEWAY, bind_its_own("ocppdiag.events", "#")),
    "a gateway takes another's orders": (GATEWAY, declare("ocppdiag.gateway.gateway-1")),
    "a gateway looks on at station traffic": (GATEWAY, bind_its_own("ocppdiag.station", "#")),
    "a worker sends commands": ("worker", publish("ocppdiag.commands", "get_log")),
    "a worker speaks for stations": ("worker", publish("ocppdiag.station", "call.Heartbeat.0")),
    "a worker takes a gateway's orders": ("worker", consume(GATEWAY_QUEUE.name)),
    "a worker deletes the exchange for events": ("worker", delete_exchange("ocppdiag.events")),
    "a worker takes what was parked": ("worker", consume("ocppdiag.parking")),
    "an operator takes commands": ("operator", consume("ocppdiag.commands")),
    "an operator looks on at events": ("operator", declare("ocppdiag.watch.operator")),
}


@pytest.mark.parametrize("case", FORBIDDEN)
async def test_the_broker_refuses_what_is_nobodys_work(broker: Restricted, case: str) -> None:
    user, attempt = FORBIDDEN[case]
    async with broker.channel(user) as channel:
        with pytest.raises(ChannelAccessRefused):
            await asyncio.wait_for(attempt(channel), 10)


async def test_who_looks_on_without_a_right_is_told_so(broker: Restricted) -> None:
    async with Diagnostics.connect(broker.url("billing"), name="billing") as billing:
        with pytest.raises(BrokerError, match=r"topic '#' in exchange 'ocppdiag\.events' .*user 'billing'"):
            async with billing.listen("#"):
                pytest.fail("not allowed")
        async with billing.listen("command_settled.#"):
            pass


async def test_who_sends_a_command_without_a_right_is_told_so(broker: Restricted) -> None:
    async with Diagnostics.connect(broker.url("billing"), name="billing") as billing:
        command = CustomerInformation(station="CS-1", clear=True, customer_identifier="x")
        with pytest.raises(UnconfirmedError, match=r"topic 'customer_information' .*user 'billing'"):
            await billing.send(command, patience=1)
        await billing.send(GetLog(station="CS-1"))


async def test_a_process_under_anothers_user_is_told_so(broker: Restricted) -> None:
    async with Broker(broker.url("uploads"), name="test") as uploads:
        with pytest.raises(BrokerError, match=r"queue 'ocppdiag\.guard\.1' .*user 'uploads'"):
            await uploads.declare_exchanges(*WORKERS_OWN)


async def test_what_a_service_may_look_on_at_it_may_look_on_at_in_part(broker: Restricted) -> None:
    async with broker.channel("billing") as channel:
        for key in ("command_settled.#", "command_settled.*", "command_settled.CS-1", "reply.billing.1"):
            await bind(OWN, EVENTS.name, key)(channel)
        await bind(OWN, "ocppdiag.replies", "billing.1")(channel)
        await channel.queue_delete(OWN)


async def test_who_scales_sees_how_long_a_queue_is_without_any_right(broker: Restricted) -> None:
    ((user, may),) = SCALER.items()
    await broker.private.node.control("add_user", user, user)
    await broker.private.node.control("set_permissions", user, may.configure, may.write, may.read)
    async with broker.channel(user) as channel:
        seen = await channel.declare_queue("ocppdiag.commands", passive=True)
        assert seen.declaration_result.message_count is not None  # what others have left there
        with pytest.raises(ChannelAccessRefused):
            await seen.get()
    async with broker.channel(user) as channel:
        with pytest.raises(ChannelAccessRefused):
            await (await channel.get_exchange(COMMANDS.name)).publish(aio_pika.Message(b"{}"), "get_log")
