"""What services do wrong: each hears what was wrong, and nothing is lost silently."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractExchange, AbstractQueue
from installation import Installation

from ocppdiag_client import InvalidCommandError, NotSentError, UnroutableError
from ocppdiag_contracts import EVENT, CommandSettled, Failure, GetLog, Outcome, Retry
from ocppdiag_contracts.model import now

CANARY = "canary-5e7b1f"


@asynccontextmanager
async def bare(installation: Installation, me: str) -> AsyncIterator[tuple[AbstractExchange, AbstractQueue]]:
    """Another team's AMQP client."""
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("ocppdiag.events", f"reply.{me}")
        yield await channel.get_exchange("ocppdiag.commands"), queue


async def settled_of(installation: Installation, body: dict[str, Any]) -> CommandSettled:
    me = uuid4().hex
    async with bare(installation, me) as (commands, queue):
        await commands.publish(aio_pika.Message(json.dumps(body).encode(), reply_to=me), "get_log")
        async with queue.iterator(timeout=10) as messages:
            async for message in messages:
                event = EVENT.validate_json(message.body)
                if isinstance(event, CommandSettled):
                    return event
    raise AssertionError("no final event")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"foo": CANARY}, "foo"),
        ({"station": f"a/b {CANARY}"}, "station"),
        ({"station": "..", "retries": -1}, "retries"),
        ({"log_type": CANARY}, "log_type"),
        ({"retries": "two"}, "retries"),
        ({"schema_version": 99}, "schema_version"),
        ({"deadline": "tomorrow"}, "deadline"),
        ({"command": "get_logs"}, "command"),
        (
            {"oldest_timestamp": "2026-01-02T00:00:00Z", "latest_timestamp": "2026-01-01T00:00:00Z"},
            "oldest_timestamp",
        ),
    ],
)
@pytest.mark.abuse("33 a command of an unknown schema version", "rejected, naming the member")
async def test_an_invalid_command_is_rejected_by_naming_its_field(
    installation: Installation, name: str, wrong: dict[str, Any], named: str
) -> None:
    command_id = uuid4().hex
    settled = await settled_of(
        installation, {"command": "get_log", "id": command_id, "station": name, **wrong}
    )
    assert settled.command_id == command_id
    assert settled.outcome is Outcome.REJECTED
    assert settled.failure is Failure.INVALID_COMMAND
    assert settled.retry is Retry.NEVER
    assert named in (settled.detail or "")
    assert CANARY not in (settled.detail or "")


@pytest.mark.parametrize(
    "garbage", [b"", b"not json", b"[]", b"{}", b'{"id": 5, "station": "x"}', b"\xff\xfe"]
)
async def test_what_is_no_command_at_all_is_parked(installation: Installation, garbage: bytes) -> None:
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection:
        channel = await connection.channel()
        parked = await channel.declare_queue(exclusive=True)
        await parked.bind("ocppdiag.dead", "ocppdiag.commands")
        exchange = await channel.get_exchange("ocppdiag.commands")
        await exchange.publish(aio_pika.Message(garbage), "get_log")
        message = await parked.get(timeout=10, fail=False) or await _soon(parked)
        assert message.body == garbage


async def _soon(queue: AbstractQueue) -> aio_pika.abc.AbstractIncomingMessage:
    async with queue.iterator(timeout=10) as messages:
        async for message in messages:
            return message
    raise AssertionError("nothing was parked")


async def test_a_command_whose_reply_to_cannot_be_one_still_has_its_end(
    installation: Installation, name: str
) -> None:
    command = GetLog(station=name)
    async with installation.diagnostics() as diagnostics, bare(installation, "nobody") as (commands, _):
        watching = diagnostics.watch(f"command_settled.{name}")
        ended = asyncio.ensure_future(anext(watching))
        await asyncio.sleep(0.5)
        body = command.model_dump_json(exclude_none=True).encode()
        await commands.publish(aio_pika.Message(body, reply_to="amq.rabbitmq.reply-to.g1h2AA=="), "get_log")
        settled = await asyncio.wait_for(ended, 10)
        await watching.aclose()
    assert isinstance(settled, CommandSettled)
    assert settled.failure is Failure.INVALID_COMMAND
    assert "reply_to" in (settled.detail or "")


async def test_enormous_names_do_not_stop_the_worker(installation: Installation, name: str) -> None:
    for number in range(3):
        body = {"command": "get_log", "id": f"{name}-{number}", "station": name, "x" * 2_000_000: 1}
        settled = await settled_of(installation, body)
        assert settled.failure is Failure.INVALID_COMMAND
        assert len(settled.detail or "") < 300


async def test_a_deadline_far_ahead_is_refused_whatever_the_time_of_the_command(
    installation: Installation, name: str
) -> None:
    body = {"command": "get_log", "id": name, "station": name, "time": "2099-01-01T00:00:00Z"}
    settled = await settled_of(installation, body)
    assert "deadline" in (settled.detail or "")


async def test_an_unknown_command_name_comes_back_to_its_publisher(installation: Installation) -> None:
    async with bare(installation, "nobody") as (commands, _):
        with pytest.raises(aio_pika.exceptions.PublishError):
            await commands.publish(aio_pika.Message(b"{}"), "make_coffee")


async def test_a_command_that_no_worker_takes_raises_and_was_not_sent(
    installation: Installation, name: str
) -> None:
    """As on a broker where no worker has ever been: the queue is there, and not bound for the length of the test."""
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection, installation.diagnostics() as diagnostics:
        channel = await connection.channel()
        queue = await channel.get_queue("ocppdiag.commands")
        command = GetLog(station=name)
        await queue.unbind("ocppdiag.commands", "get_log")
        try:
            with pytest.raises(UnroutableError):
                await diagnostics.send(command)
        finally:
            await queue.bind("ocppdiag.commands", "get_log")
        with pytest.raises(NotSentError):
            await diagnostics.settle(command)


async def test_the_client_refuses_what_the_workers_would(installation: Installation, name: str) -> None:
    async with installation.diagnostics() as diagnostics:
        wrong = GetLog(station=name).model_copy(update={"retries": -3})
        with pytest.raises(InvalidCommandError, match="retries"):
            await diagnostics.send(wrong)


async def test_an_unknown_station_is_rejected(installation: Installation, name: str) -> None:
    async with installation.diagnostics() as diagnostics:
        command = GetLog(station=f"{name}-never-seen")
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
    assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.UNKNOWN_STATION)


async def test_a_known_station_that_is_not_connected_fails_at_once(
    installation: Installation, name: str
) -> None:
    await installation.password(name)
    async with installation.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
    assert (settled.outcome, settled.failure) == (Outcome.FAILED, Failure.NOT_CONNECTED)
    assert settled.retry is Retry.SAFE


async def test_a_past_deadline_expires_without_a_call(installation: Installation, name: str) -> None:
    async with installation.station(name), installation.diagnostics() as diagnostics:
        command = GetLog(station=name, deadline=now() - timedelta(minutes=1))
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
    assert (settled.outcome, settled.failure) == (Outcome.EXPIRED, Failure.DEADLINE_PASSED)
    assert not installation.said("operation_moved", station=name, state="sent")
