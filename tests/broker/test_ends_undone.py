"""Ends that Redis has gone back behind, and ends of commands that were never begun: neither is followed by a second one."""

import time
from collections.abc import AsyncIterator

import pytest
from guarded import end, ends, forget, guard, guards
from intakes import House, fall_over, house_of
from msgspec.structs import replace
from stage import Stage, kinds

from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.topology import COMMANDS
from ocppdiag_local.services import Services
from ocppdiag_workers.ends import Ends
from ocppdiag_workers.intake import MOST_ATTEMPTS
from ocppdiag_workers.letters import letters
from ocppdiag_workers.memory import Memory


@pytest.fixture
async def house(services: Services, stage: Stage) -> AsyncIterator[House]:
    async with house_of(services, stage) as house:
        yield house


async def lose_last_second(stage: Stage, wish: Command, store: str) -> None:
    """Have Redis go back to before the command's end, on another server than it was begun on."""
    remembered = await stage.remembered(wish)
    await end(stage, wish)
    await forget(stage)
    assert await stage.memory.commit(replace(remembered.operation, store=store), (), 0, time.time())


@pytest.mark.parametrize("how", ["deadline", "news"])
async def test_an_end_that_a_failover_has_undone_is_not_told_a_second_time(stage: Stage, how: str) -> None:
    wish = await stage.begun()
    await lose_last_second(stage, wish, "the server that fell")
    if how == "deadline":
        await stage.performer.wake(stage.station, wish.id, wish.due.timestamp())
    else:
        await stage.tell(stage.errored(wish, "InternalError", "once more"))
    assert kinds(await stage.events()) == []
    assert (await stage.remembered(wish)).operation.ended
    await stage.command(wish)
    assert await stage.orders() != []  # those of the first time
    assert await ends(stage) == []


async def test_in_the_redis_that_it_was_begun_in_a_command_ends_without_a_look_into_the_journal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Ends, "told")
    wish = await stage.begun()
    await end(stage, wish)


async def test_after_a_failover_that_has_undone_nothing_a_command_ends_as_ever(stage: Stage) -> None:
    wish = await stage.begun()
    remembered = await stage.remembered(wish)
    assert remembered.operation.store == await stage.memory.origin.store()
    await forget(stage)
    moved = replace(remembered.operation, store="the server that fell")
    assert await stage.memory.commit(moved, (), 0, time.time())
    await stage.performer.wake(stage.station, wish.id, wish.due.timestamp())
    assert (await stage.settled()).outcome is Outcome.EXPIRED


async def test_what_was_given_up_is_not_given_a_second_end(stage: Stage) -> None:
    wish = stage.wish()
    event = CommandSettled(
        id=f"{stage.station}/{wish.id}/given_up",
        time=wish.time,
        station=stage.station,
        command_id=wish.id,
        command=wish.command,
        outcome=Outcome.FAILED,
        failure=Failure.INTERNAL_ERROR,
        retry=Retry.UNKNOWN,
    )
    await stage.performer.post.tell(letters((event,)))
    await guards(stage).rested([guard(stage, wish)])
    assert await ends(stage) == [event]


async def give_up(services: Services, house: House, wish: Command) -> None:
    """Put a command in at the door, and fall over it until it is tried no more."""
    body = wish.model_dump_json(exclude_none=True).encode()
    await house.put(COMMANDS, wish.command, body, house.stage.reply_to)
    for _ in range(MOST_ATTEMPTS):
        await fall_over(services, "ocppdiag.commands")
    async with house.open():
        assert await house.parked() == body


async def test_a_command_that_was_given_up_is_not_begun_when_it_comes_again(
    services: Services, house: House
) -> None:
    stage, wish = house.stage, house.stage.wish()
    await stage.connect()
    await give_up(services, house, wish)
    (event,) = await ends(stage)
    assert (event.id, event.failure) == (f"{stage.station}/{wish.id}/given_up", Failure.INTERNAL_ERROR)
    assert await stage.replies() == [event]
    await stage.command(wish, stage.reply_to)
    assert (await stage.replies(), await stage.orders()) == ([event], [])
    assert await stage.alarm(wish) is None


async def test_a_command_is_given_up_with_its_event_where_that_cannot_be_put_on_record(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(Memory, "commit", failing)
    wish = house.stage.wish()
    await give_up(services, house, wish)
    (event,) = await ends(house.stage)
    assert event.failure is Failure.INTERNAL_ERROR
