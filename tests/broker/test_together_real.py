"""A batch of several stations on a real Redis and RabbitMQ: what goes wrong for one is nobody else's trouble."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aio_pika import Message
from intakes import house_of
from pamqp.common import FieldTable
from stage import Stage
from street import Street

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import EVENTS
from ocppdiag_local.services import Services
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_redis import keys
from ocppdiag_workers import news
from ocppdiag_workers.letters import letters
from ocppdiag_workers.operation import Operation, State
from ocppdiag_workers.records import PATIENCE_SECONDS, Change
from ocppdiag_workers.table import Table

OTHERS = range(1, 5)


@pytest.fixture
async def street(services: Services, stage: Stage) -> AsyncIterator[Street]:
    stages = [stage, *(Stage(stage.performer, stage.redis, stage.channel) for _ in range(4))]
    for other in stages[1:]:
        await other.set_up()
    wishes = [await each.begun() for each in stages]
    for each in stages:
        await each.orders()
        await each.events()
    async with house_of(services, stage) as house:
        yield Street(stages, wishes, house)


def fail_to_hear(street: Street, patch: pytest.MonkeyPatch) -> None:
    """A feature has a bug for what the first station says."""
    table = street.stages[0].performer.table
    hear = table.hears["LogStatusNotification"]

    def faulty(called: link.Called, *more: Any) -> Any:  # noqa: ANN401 (as the real one has them)
        if called.station == street.stages[0].station:
            raise ZeroDivisionError
        return hear(called, *more)

    patch.setattr(table, "hears", {**table.hears, "LogStatusNotification": faulty})


def fail_to_learn(street: Street, patch: pytest.MonkeyPatch) -> None:
    """A feature has a bug for the operation of the first station."""
    advance = Table.advance

    def faulty(table: Table, operation: Operation, item: news.News) -> Any:  # noqa: ANN401 (as the real one)
        if operation.station == street.stages[0].station:
            raise ZeroDivisionError
        return advance(table, operation, item)

    patch.setattr(Table, "advance", faulty)


@pytest.mark.parametrize("fail", [fail_to_hear, fail_to_learn])
async def test_one_bad_record_is_parked_and_refused_and_all_others_are_answered_and_told_once(
    street: Street,
    monkeypatch: pytest.MonkeyPatch,
    fail: Any,  # noqa: ANN401 (one of two functions)
) -> None:
    fail(street, monkeypatch)
    records = await street.uploading()
    await street.put(records)
    async with street.house.open():
        parked = await street.house.put_aside()
        await street.answered(*street.stages)
    assert parked.body == link.join([link.encode(records[0])])
    assert parked.reason == "a worker's fault: ZeroDivisionError"
    assert await street.nothing_left()
    await street.look()
    (refusal,) = street.answers[street.stages[0].station]
    assert isinstance(refusal, link.Refuse)
    assert refusal.code == ErrorCode.INTERNAL_ERROR
    assert street.told(0) == []
    for index in OTHERS:
        await street.assert_done(index)
        (answer,) = street.answers[street.stages[index].station]
        assert isinstance(answer, link.Answer)


async def test_what_redis_refuses_for_one_station_does_not_keep_the_others_from_their_answer(
    street: Street,
) -> None:
    first = street.stages[0]
    key = keys.operation(first.station, street.wishes[0].id)
    await street.put(await street.uploading())
    await first.redis.run("RENAME", key, f"{key}:aside")
    await first.redis.run("SET", key, "of another type")
    async with street.house.open():
        await street.answered(*street.stages[1:])
        assert street.answers[first.station] == []
        await first.redis.run("RENAME", f"{key}:aside", key)
        await street.answered(first)
    assert await street.nothing_left()
    await street.look()
    for index in range(len(street.stages)):
        await street.assert_done(index)


async def test_what_nobody_confirms_for_one_station_does_not_keep_the_others_from_their_answer(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when one who listens has a full queue that refuses more."""
    first = street.stages[0]
    monkeypatch.setattr("ocppdiag_amqp.publisher.PAUSE_SECONDS", 0.02)
    limits: FieldTable = {"x-max-length": 1, "x-overflow": "reject-publish"}
    full = await first.channel.declare_queue(exclusive=True, arguments=limits)
    await full.bind(EVENTS.name, f"*.{first.station}")
    await first.channel.default_exchange.publish(Message(b"the last that fits"), full.name)
    await street.put(await street.uploading())
    async with street.house.open():
        await street.answered(*street.stages[1:])
        assert street.answers[first.station] == []
        await full.delete(if_empty=False)
        await street.answered(first)
    assert await street.nothing_left()
    await street.look()
    for index in range(len(street.stages)):
        await street.assert_done(index, once=index > 0)


async def test_an_operation_that_somebody_moved_on_between_look_up_and_write_gets_its_news_all_the_same(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, stage, wish = street.stages[0].memory, street.stages[0], street.wishes[0]
    commit_all, written = memory.commit_all, 0

    async def late(changes: Sequence[Change], now: float) -> list[bool]:
        nonlocal written
        written = max(written, len(changes))
        if len(changes) == len(street.stages):  # another worker has had the news that the CALL was sent
            there = await stage.remembered(wish)
            step = stage.performer.table.advance(there.operation, news.Sent(stage.at, 0, (stage.epoch, 1)))
            told = letters(step.events)
            assert await commit_all([Change(step.operation, told, there.revision)], now) == [True]
            await stage.performer.post.tell(told)
            await memory.mark_sent(step.operation, told)
        return await commit_all(changes, now)

    monkeypatch.setattr(memory, "commit_all", late)
    await street.put(await street.uploading())
    async with street.house.open():
        await street.answered(*street.stages)
    assert written == len(street.stages), "they were written together"
    await street.look()
    assert street.told(0)[0] == "sent"
    street.events[stage.station].pop(0)
    for index in range(len(street.stages)):
        await street.assert_done(index)
    operation = (await stage.remembered(wish)).operation
    assert (operation.state, operation.heard) == (State.SENT, (stage.epoch, 3)), "both have left their mark"


@pytest.mark.parametrize("fails", ["tell", "mark_all_sent"])
async def test_events_that_were_written_and_not_told_are_told_by_whoever_comes_next(
    street: Street, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """A worker that falls between the two leaves what one leaves whom the broker or Redis fails there."""
    hands = street.stages[0].performer
    of: object = hands.post if fails == "tell" else hands.memory
    real, failed = getattr(of, fails), 0

    async def once(*told: Any) -> None:  # noqa: ANN401 (as the real ones have them)
        nonlocal failed
        if failed < most:
            failed += 1
            raise UnconfirmedError("lost by the test")
        await real(*told)

    most = len(street.stages) if fails == "tell" else 1
    monkeypatch.setattr(of, fails, once)
    await street.put(await street.uploading())
    async with street.house.open():
        await street.answered(*street.stages)
    assert await street.nothing_left()
    assert failed == most
    await street.look()
    for index, (stage, wish) in enumerate(zip(street.stages, street.wishes, strict=True)):
        assert len(street.told(index)) == (0 if fails == "tell" else 1)
        assert (await stage.remembered(wish)).unsent
        alarm = await stage.alarm(wish)
        assert alarm is not None
        assert alarm < time.time() + PATIENCE_SECONDS
        await hands.wake(stage.station, wish.id, alarm)
    await street.look()
    for index in range(len(street.stages)):
        await street.assert_done(index, once=fails == "tell")


async def test_two_records_of_one_station_and_one_record_twice_are_one_step_each(street: Street) -> None:
    first, second = street.stages[:2]
    stored = await first.record(street.wishes[0], "stored")
    uploading = await street.uploading()
    uploaded = await first.record(street.wishes[0], "uploaded")
    await street.put([*uploading, stored, uploaded, uploading[1], *uploading[2:]])
    async with street.house.open():
        await street.answered(*street.stages)
    assert await street.nothing_left()
    await street.look()
    assert len(street.answers[first.station]) == 2
    assert len(street.answers[second.station]) == 2, "each is answered, known or not"
    assert street.told(0)[-1] == "settled"
    assert len(set(street.told(0))) == len(street.told(0)) == 4
    assert await first.alarm(street.wishes[0]) is None
    for index in OTHERS:
        await street.assert_done(index)
