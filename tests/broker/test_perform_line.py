"""In which order commands that have waited go out: theirs, whoever sends them out, however many, and through crashes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from offline import BOOT, away, back, boot, come, ends, leave, level, told, tried_again, waiting, wake
from stage import Stage, kinds

from ocppdiag_amqp import UnconfirmedError, UnroutableError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.events import CommandWaiting
from ocppdiag_redis import keys
from ocppdiag_workers.decide import decide
from ocppdiag_workers.memory import HELD_MS
from ocppdiag_workers.operation import State
from ocppdiag_workers.presence import AT_ONCE


def tags(calls: list[link.Call]) -> list[str]:
    return [call.tag for call in calls]


def ids(commands: tuple[Command, ...]) -> list[str]:
    return [command.id for command in commands]


async def states(stage: Stage, commands: tuple[Command, ...]) -> list[State]:
    return [(await stage.remembered(command)).operation.state for command in commands]


@contextmanager
def calls_fail(stage: Stage, error: Exception, after: int = 0) -> Iterator[None]:
    """Orders of CALLs are not taken, but for the first few."""
    post = stage.performer.post
    order, left = post.order, after

    def fail(node: str, record: link.Call) -> "asyncio.Future[None]":
        nonlocal left
        if isinstance(record, link.Call):
            if not left:
                raise error
            left -= 1
        return order(node, record)

    vars(post)["order"] = fail
    yield
    vars(post).pop("order")


async def test_many_go_out_a_few_at_a_time_in_the_order_in_which_they_were_begun(stage: Stage) -> None:
    await away(stage)
    many = await waiting(stage, *(level(stage, number % 10) for number in range(3 * AT_ONCE)))
    await back(stage)
    out = tags(await stage.calls())
    assert out == ids(many)[:AT_ONCE]
    for number, command in enumerate(many):
        await stage.tell(told(stage, link.Sent, command))
        await stage.tell(stage.answered(command, "SetMonitoringLevel", {"status": "Accepted"}))
        out += tags(await stage.calls())
        assert len(out) - number - 1 <= AT_ONCE, "no more than these are on their way"
    assert out == ids(many)
    assert set(ends(await stage.events()).values()) == {("completed", None)}
    assert await stage.memory.waiting(stage.station, 9) == []


async def test_two_workers_at_once_keep_the_order_and_order_nothing_else(
    stage: Stage, stages: Callable[[], Awaitable[Stage]]
) -> None:
    other = await stages()
    await away(stage)
    many = tuple(level(stage, number) for number in range(10))
    for number, command in enumerate(many):
        body = command.model_dump_json().encode()
        await (stage, other)[number % 2].performer.command(command, body, None)
    await come(stage)
    booted = stage.called("BootNotification", BOOT)
    decision = decide(booted, stage.performer.table, stage.performer.house, booted.at)
    await asyncio.gather(*(each.performer.decision(decision) for each in (stage, other, stage, other)))
    first: dict[str, str] = {}
    for call in await stage.calls():
        assert first.setdefault(call.tag, call.message_id) == call.message_id
    assert list(first) == ids(many)


async def test_who_comes_while_others_are_in_line_goes_behind_them(stage: Stage) -> None:
    await away(stage)
    many = await waiting(stage, *(level(stage, number % 10) for number in range(AT_ONCE + 1)))
    await back(stage)
    await stage.calls()
    await stage.events()
    last = level(stage)
    await stage.command(last)
    _, said = await stage.events()
    assert isinstance(said, CommandWaiting)
    assert said.reason == "busy"
    for command in many[:2]:
        await stage.tell(told(stage, link.Sent, command))
    assert tags(await stage.calls()) == [many[-1].id, last.id]


async def test_who_may_not_wait_does_not_stand_in_line(stage: Stage) -> None:
    await away(stage)
    await waiting(stage, level(stage))
    await come(stage)
    hurried = stage.wish()
    await stage.command(hurried)
    assert tags(await stage.calls()) == [hurried.id]


async def test_what_was_busy_waits_again_and_goes_out_under_a_new_message_id(stage: Stage) -> None:
    await away(stage)
    first, second = await waiting(stage, level(stage, 1), level(stage, 2))
    await back(stage)
    before = await stage.calls()
    await stage.events()
    await stage.tell(told(stage, link.Refused, first, reason="busy"))
    (said,) = await stage.events()
    assert isinstance(said, CommandWaiting)
    assert (said.reason, said.until) == ("busy", first.due)
    third = level(stage, 3)
    await stage.command(third)
    await stage.tell(told(stage, link.Refused, second, reason="busy"))
    assert await stage.calls() == [], "nor does anybody behind it"
    await tried_again(stage, first)
    after = await stage.calls()
    assert tags(after) == [first.id]
    assert after[0].message_id != before[0].message_id
    await tried_again(stage, second)
    assert tags(await stage.calls()) == [second.id, third.id]


async def test_an_order_that_came_too_late_for_its_connection_goes_to_the_next_one_at_once(
    stage: Stage,
) -> None:
    """The station has reconnected and booted before the gateway says so: no boot is to come that would bring it out."""
    await stage.connect()
    await boot(stage)
    command = level(stage)
    await stage.command(command)
    (first,) = await stage.calls()
    old = told(stage, link.Refused, command, reason="stale")
    await back(stage)
    assert await stage.calls() == []
    await stage.tell(old)
    (second,) = await stage.calls()
    assert (second.tag, second.epoch) == (command.id, stage.epoch)
    assert second.message_id != first.message_id


async def test_nobody_goes_ahead_of_one_that_may_be_under_way_on_the_connection_before(stage: Stage) -> None:
    await away(stage)
    (first,) = await waiting(stage, level(stage, 1))
    await back(stage)
    await stage.calls()
    old = told(stage, link.Refused, first, reason="gone")
    await leave(stage)
    await waiting(stage, second := level(stage, 2))
    await back(stage)
    assert await stage.calls() == []
    await stage.tell(old)
    assert tags(await stage.calls()) == [first.id, second.id]


async def test_behind_a_gateway_that_is_gone_the_line_is_tried_now_and_then_and_from_its_head_only(
    stage: Stage,
) -> None:
    await away(stage)
    many = await waiting(stage, *(level(stage, number) for number in range(5)))
    await come(stage)
    with calls_fail(stage, UnroutableError("gone")):
        await boot(stage)
        assert await states(stage, many) == [State.WAITING] * 5
        for command in many[1:]:
            await wake(stage, command)
        assert kinds(await stage.events()).count("command_waiting") == 6
        await tried_again(stage, many[0])
        assert kinds(await stage.events()) == ["command_waiting"]
    await tried_again(stage, many[0])
    assert tags(await stage.calls()) == ids(many)


async def test_an_order_that_could_not_go_out_is_made_again_by_the_alarm(stage: Stage) -> None:
    await away(stage)
    first, second = await waiting(stage, level(stage, 1), level(stage, 2))
    await come(stage)
    with calls_fail(stage, UnconfirmedError("lost by the test")), pytest.raises(UnconfirmedError):
        await boot(stage)
    assert await states(stage, (first, second)) == [State.QUEUED, State.WAITING]
    assert await stage.calls() == []
    assert (await stage.alarm(first) or 0) <= time.time() + 5
    await wake(stage, first)
    assert tags(await stage.calls())[0] == first.id


async def test_a_worker_that_falls_while_it_sends_them_out_has_left_the_rest_to_the_alarms(
    stage: Stage,
) -> None:
    await away(stage)
    many = await waiting(stage, *(level(stage, number) for number in range(4)))
    await come(stage)
    booted = stage.called("BootNotification", BOOT)
    with calls_fail(stage, UnconfirmedError("fell"), after=1), suppress(UnconfirmedError):
        await stage.tell(booted)
    assert await stage.memory.hold_waiting(stage.station, "the one that fell")
    await stage.tell(booted, told(stage, link.Sent, many[0]))
    assert tags(await stage.calls()) == [many[0].id], "somebody else is at it, as far as can be told"
    alarms = [await stage.alarm(command) or 0 for command in many]
    assert max(alarms[1:]) <= time.time() + HELD_MS / 1000 + 2
    await stage.redis.run("DEL", keys.releasing(stage.station))
    for command in many[1:]:
        await wake(stage, command)
    first: list[str] = []
    for tag in tags(await stage.calls()):
        if tag not in first:
            first.append(tag)
    assert first == ids(many)[1:]


async def test_one_that_ends_in_line_makes_room_for_the_next(stage: Stage) -> None:
    await away(stage)
    many = await waiting(stage, *(level(stage, number % 10) for number in range(AT_ONCE + 1)))
    await back(stage)
    await stage.calls()
    await stage.tell(told(stage, link.Refused, many[0], reason="withdrawn"))
    assert tags(await stage.calls()) == [many[-1].id]
