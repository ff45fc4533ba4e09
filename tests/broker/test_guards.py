"""Guards on a real RabbitMQ and Redis: a command whose record is lost has its one end, and no other has a second one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from guarded import end, ends, forget, guard, guards, resting
from intakes import House, house_of
from redis.exceptions import ConnectionError as RedisGoneError
from stage import Stage, until

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_contracts import link
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.topology import GUARD_KEY, GUARD_SECONDS, STATION
from ocppdiag_local.services import Services
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.records import PATIENCE_SECONDS

Stages = Callable[[], Awaitable[Stage]]


@pytest.fixture
async def house(services: Services, stage: Stage) -> AsyncIterator[House]:
    async with house_of(services, stage) as house:
        yield house


async def test_a_command_has_its_guard_before_it_is_on_record(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> bool:
        raise RedisGoneError("gone")

    monkeypatch.setattr(Memory, "commit", gone)
    with pytest.raises(RedisGoneError):
        await stage.begun(stage.wish(due_in=700))
    (rests,) = await resting(stage, 120)
    assert b'"command":"get_log"' in rests


async def test_a_command_whose_record_is_lost_has_its_one_end_by_its_deadline_and_five_seconds(
    house: House,
) -> None:
    stage = house.stage
    wish = await stage.begun(stage.wish(due_in=1), stage.reply_to)
    await forget(stage)
    async with house.open():
        found: list[CommandSettled] = []

        async def told() -> bool:
            found.extend(await ends(stage))
            return bool(found)

        await until(told, within=wish.due.timestamp() + 5 - time.time())
        await asyncio.sleep(2.5)  # the guard has rested once more
        assert not await ends(stage)
    (event,) = found
    assert event.id == f"{stage.station}/{wish.id}/settled"
    assert (event.command_id, event.command) == (wish.id, "get_log")
    assert (event.outcome, event.failure, event.retry) == (
        Outcome.FAILED,
        Failure.RECORD_LOST,
        Retry.UNKNOWN,
    )
    assert (await stage.replies())[-1] == event
    assert not await resting(stage, GUARD_SECONDS[0]), "it has nothing more to guard"


async def test_an_end_that_a_guard_has_told_is_what_the_command_finds_when_it_comes_again(
    stage: Stage,
) -> None:
    wish = stage.wish()
    await guards(stage).rested([guard(stage, wish)])
    event = await stage.settled()
    assert await stage.replies() == [event]
    await stage.command(wish, stage.reply_to)
    assert await stage.replies() == [event]
    assert (await stage.orders(), await stage.alarm(wish)) == ([], None)
    assert (await stage.remembered(wish)).operation.state.value == "failed"


async def test_a_command_that_had_ended_before_its_record_was_lost_has_no_second_end(stage: Stage) -> None:
    wish = await stage.begun()
    await end(stage, wish)
    await forget(stage)
    await guards(stage).rested([guard(stage, wish)])
    assert (await ends(stage), await resting(stage, GUARD_SECONDS[0])) == ([], [])


async def test_of_many_guards_at_once_one_tells_the_end(stage: Stage, stages: Stages) -> None:
    other, wish = await stages(), stage.wish()
    each = guard(stage, wish)
    await asyncio.gather(guards(stage).rested([each, each]), guards(other).rested([each, each]))
    assert len(await ends(stage)) == 1


async def test_a_guard_whose_time_has_not_come_rests_again(stage: Stage) -> None:
    lost, wish = stage.wish(), await stage.begun()
    await resting(stage, 120)
    later = [guard(stage, each, due=time.time() + 20) for each in (lost, wish)]
    assert await guards(stage).rested(later) == []
    assert len(await resting(stage, 15)) == 2
    assert await ends(stage) == []


async def test_a_guard_of_a_command_that_has_ended_goes(stage: Stage) -> None:
    wish = await stage.begun()
    event = await end(stage, wish)
    await guards(stage).rested([guard(stage, wish, due=time.time() + 20)])
    assert [await resting(stage, seconds) for seconds in (1, 5, 15)] == [[], [], []]
    assert event.outcome is Outcome.COMPLETED


async def test_a_guard_stands_in_for_an_alarm_that_is_lost(stage: Stage) -> None:
    wish = await stage.begun(stage.wish(due_in=1))
    await stage.memory.wake_never(stage.station, wish.id)
    await asyncio.sleep(1)
    await guards(stage).rested([guard(stage, wish)])
    assert (await stage.settled()).outcome is Outcome.EXPIRED


async def test_an_end_on_record_that_nobody_could_tell_is_told_when_the_guard_comes_again(
    stage: Stage,
) -> None:
    each = guard(stage, stage.wish())
    stage.lose("tell")
    with pytest.raises(UnconfirmedError):
        await guards(stage).rested([each])
    assert (await ends(stage), await resting(stage, GUARD_SECONDS[0])) == ([], [])
    await guards(stage).rested([each])
    assert (await ends(stage), len(await resting(stage, GUARD_SECONDS[0]))) == ([], 1), (
        "somebody may be at it"
    )
    await stage.performer.wake(stage.station, each.command_id, time.time() + PATIENCE_SECONDS + 1)
    assert len(await ends(stage)) == 1
    assert await guards(stage).rested([each]) == []
    assert (await ends(stage), await resting(stage, GUARD_SECONDS[0])) == ([], [])


async def test_guards_that_meet_a_redis_that_goes_away_are_not_made_more_by_coming_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, unlucky, find = stage.wish(), stage.wish(), Memory.find

    async def going(memory: Memory, station: str, command_id: str) -> object:
        if command_id == unlucky.id:
            raise RedisGoneError("gone")
        return await find(memory, station, command_id)

    monkeypatch.setattr(Memory, "find", going)
    both = [guard(stage, early, due=time.time() + 20), guard(stage, unlucky)]
    for _ in range(3):
        with pytest.raises(RedisGoneError):
            await guards(stage).rested(both)
    assert (await ends(stage), await resting(stage, 15)) == ([], [])
    monkeypatch.undo()
    assert await guards(stage).rested(both) == []
    assert (len(await ends(stage)), len(await resting(stage, 15))) == (1, 1)


async def test_a_guard_that_cannot_be_read_does_not_spoil_the_others(house: House) -> None:
    stage = house.stage
    wish = stage.wish()
    bad = b'{"station":"%s","due":"never"}' % stage.station.encode()
    await house.put(STATION, GUARD_KEY, link.join([bad, link.encode(guard(stage, wish))]))
    async with house.open():
        assert await house.parked() == link.join([bad])
        await until(lambda: stage.memory.final(stage.station, wish.id))
    assert (await stage.settled()).failure is Failure.RECORD_LOST


async def test_a_guard_that_a_worker_fails_at_does_not_spoil_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, wish, cursed, find = house.stage, house.stage.wish(), house.stage.wish(), Memory.find

    async def failing(memory: Memory, station: str, command_id: str) -> object:
        if command_id == cursed.id:
            raise ZeroDivisionError
        return await find(memory, station, command_id)

    monkeypatch.setattr(Memory, "find", failing)
    spoilt, good = (link.encode(guard(stage, each)) for each in (cursed, wish))
    await house.put(STATION, GUARD_KEY, link.join([spoilt, good]))
    async with house.open():
        assert await house.parked() == link.join([spoilt])
    assert (await stage.settled()).command_id == wish.id
