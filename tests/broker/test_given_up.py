"""A message that workers fall over, or fail at, each time: put aside by us and not by the broker, and its command ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from intakes import House, fall_over, house_of
from redis.exceptions import ConnectionError as RedisGoneError
from stage import Stage, until

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, CustomerInformation, IdToken, IdTokenType, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled, Event, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.topology import COMMANDS, DELIVERY_LIMIT, STATION, station_key
from ocppdiag_local.services import Services
from ocppdiag_workers.intake import MOST_ATTEMPTS
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.records import PATIENCE_SECONDS, Remembered

SECRET = b"hunter2"
COMMANDS_QUEUE = "ocppdiag.commands"
STATION_QUEUE = "ocppdiag.diagnostics.0"


@pytest.fixture
async def house(services: Services, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr("ocppdiag_amqp.consumer.PAUSE_AFTER_FAULT", 0.01)
    async with house_of(services, stage) as house:
        yield house


def secret(stage: Stage) -> Command:
    token = IdToken(id_token=SECRET.decode(), type=IdTokenType.CENTRAL)
    return CustomerInformation(**stage.times(), report=True, id_token=token)


def plain(stage: Stage) -> Command:
    return SetMonitoringLevel(**stage.times(), severity=3)


async def put(house: House, wish: Command) -> bytes:
    body = wish.model_dump_json(exclude_none=True).encode()
    await house.put(COMMANDS, wish.command, body, house.stage.reply_to)
    return body


async def fall(services: Services, queue: str, times: int = MOST_ATTEMPTS) -> None:
    for _ in range(times):
        await fall_over(services, queue)


async def assert_put_aside(house: House, body: bytes) -> None:
    """As a stub where it holds a secret, whole where not; once, and nothing of it is left."""
    parked = await house.put_aside()
    shown = parked.body
    assert parked.reason == f"given up after {MOST_ATTEMPTS} attempts"
    assert parked.deliveries == MOST_ATTEMPTS + 1
    assert parked.queue in (COMMANDS_QUEUE, STATION_QUEUE)
    assert parked.withheld == (SECRET in body)
    if SECRET in body:
        assert SECRET not in shown
        content = json.loads(shown)
        assert (content["withheld"], content["bytes"]) == (True, len(body))
        assert content["reason"] == f"given up after {MOST_ATTEMPTS} attempts"
    else:
        assert shown == body
    for queue in (COMMANDS_QUEUE, STATION_QUEUE):
        assert not await (await house.stage.channel.get_queue(queue)).get(no_ack=True, fail=False)


async def heard(stage: Stage) -> tuple[list[Event], list[Event]]:
    """What everybody has heard, and what who sent the command has."""
    return await stage.events(), await stage.replies()


def assert_given_up(events: list[Event], wish: Command) -> None:
    (event,) = events
    assert isinstance(event, CommandSettled)
    assert (event.station, event.command_id, event.command) == (wish.station, wish.id, wish.command)
    assert (event.outcome, event.failure) == (Outcome.FAILED, Failure.INTERNAL_ERROR)
    assert event.retry is Failure.INTERNAL_ERROR.retry


@pytest.mark.parametrize("make", [secret, plain])
@pytest.mark.abuse(
    "33 a command that workers fall over",
    "ended and parked after eight attempts, before the broker's limit of ten",
)
async def test_a_command_that_workers_fall_over_ends_and_is_put_aside_by_us(
    services: Services, house: House, make: Callable[[Stage], Command]
) -> None:
    wish = make(house.stage)
    body = await put(house, wish)
    await fall(services, COMMANDS_QUEUE)
    async with house.open():
        await assert_put_aside(house, body)
    for events in await heard(house.stage):
        assert_given_up(events, wish)


async def test_one_attempt_less_and_a_command_is_carried_out(services: Services, house: House) -> None:
    wish = plain(house.stage)
    await house.stage.connect()
    await put(house, wish)
    await fall(services, COMMANDS_QUEUE, MOST_ATTEMPTS - 1)
    async with house.open():
        await until(house.stage.orders)
    assert not any(isinstance(event, CommandSettled) for event in await house.stage.events())


async def test_who_puts_a_command_aside_may_fall_over_it_too(services: Services, house: House) -> None:
    wish = secret(house.stage)
    body = await put(house, wish)
    await fall(services, COMMANDS_QUEUE, DELIVERY_LIMIT)
    async with house.open():
        shown = await house.parked()
    assert SECRET not in shown
    assert json.loads(shown)["bytes"] == len(body)
    for events in await heard(house.stage):
        assert_given_up(events, wish)


async def test_a_command_on_record_is_left_to_its_deadline(services: Services, house: House) -> None:
    wish = await house.stage.begun(secret(house.stage), house.stage.reply_to)
    await heard(house.stage)
    body = await put(house, wish)
    await fall(services, COMMANDS_QUEUE)
    async with house.open():
        await assert_put_aside(house, body)
    assert await heard(house.stage) == ([], [])
    assert await house.stage.alarm(wish) is not None


@pytest.mark.parametrize("action", ["NotifyEvent", "NotifyCustomerInformation"])
async def test_station_traffic_that_workers_fall_over_is_put_aside_by_us(
    services: Services, house: House, action: str
) -> None:
    data = SECRET.decode() if action == "NotifyCustomerInformation" else ""
    body = link.join([link.encode(house.stage.called(action, {"data": data}))])
    await house.put(STATION, station_key("call", "Heartbeat", 0), body)
    await fall(services, STATION_QUEUE)
    async with house.open():
        await assert_put_aside(house, body)


@dataclass(frozen=True, slots=True)
class Faulty(Performer):
    """One with a bug."""

    async def command(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError


def faulty(performer: Performer) -> Performer:
    return Faulty(**{field.name: getattr(performer, field.name) for field in fields(performer)})


@pytest.mark.parametrize("make", [secret, plain])
async def test_a_command_that_a_worker_fails_at_each_time_ends_and_is_put_aside_by_us(
    house: House, make: Callable[[Stage], Command]
) -> None:
    wish = make(house.stage)
    body = await put(house, wish)
    async with house.open(faulty(house.stage.performer)):
        await assert_put_aside(house, body)
    for events in await heard(house.stage):
        assert_given_up(events, wish)


async def test_a_fault_that_meets_its_end_too_does_not_keep_it_from_being_put_aside(
    services: Services, house: House
) -> None:
    class Broken(Memory):
        async def find(self, station: str, command_id: str) -> Remembered | None:  # noqa: ARG002
            raise ZeroDivisionError

    body = await put(house, secret(house.stage))
    await fall(services, COMMANDS_QUEUE)
    performer = replace(house.stage.performer, memory=Broken(house.stage.redis))
    async with house.open(performer):
        await assert_put_aside(house, body)
    assert await heard(house.stage) == ([], [])


async def test_an_end_waits_for_redis_to_come_back(services: Services, house: House) -> None:
    away = asyncio.Event()

    class Away(Memory):
        async def find(self, station: str, command_id: str) -> Remembered | None:
            if not away.is_set():
                away.set()
                raise RedisGoneError
            return await super().find(station, command_id)

    wish = secret(house.stage)
    body = await put(house, wish)
    await fall(services, COMMANDS_QUEUE)
    async with house.open(replace(house.stage.performer, memory=Away(house.stage.redis))):
        await assert_put_aside(house, body)
    assert away.is_set()
    for events in await heard(house.stage):
        assert_given_up(events, wish)


async def test_an_end_that_redis_has_written_and_nobody_has_heard_of_is_told_by_its_alarm(
    services: Services, house: House
) -> None:
    """As where the primary falls between its write and its reply."""

    class Unheard(Memory):
        async def commit(self, *arguments: Any, **options: Any) -> bool:  # noqa: ANN401
            await super().commit(*arguments, **options)
            raise RedisGoneError

    stage, wish = house.stage, secret(house.stage)
    body = await put(house, wish)
    await fall(services, COMMANDS_QUEUE)
    async with house.open(replace(stage.performer, memory=Unheard(stage.redis))):
        await assert_put_aside(house, body)
    assert await heard(stage) == ([], [])
    assert await stage.alarm(wish) is not None
    await stage.performer.wake(stage.station, wish.id, time.time() + 2 * PATIENCE_SECONDS)
    for events in await heard(stage):
        assert_given_up(events, wish)
    assert await stage.alarm(wish) is None
