"""Commands that wait for their station: begun, held back until it has booted, over, taken back, listed, sent again."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from offline import BOOT, away, back, boot, come, ends, grow_old, level, told, waiting, wake
from stage import Stage, kinds

from ocppdiag_amqp import UnconfirmedError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Cancel, Command, GetLog, IfOffline, ListCommands
from ocppdiag_contracts.events import CommandRepeated, CommandSettled, CommandWaiting, OpenCommands
from ocppdiag_redis.directory import BOOTED_US, SILENT_US
from ocppdiag_workers.calls import AGAIN_SECONDS
from ocppdiag_workers.operation import State
from ocppdiag_workers.presence import BOOT_SECONDS


async def test_a_command_waits_for_a_station_that_is_away(stage: Stage) -> None:
    await away(stage)
    (command,) = await waiting(stage, level(stage))
    queued, said = await stage.events()
    assert queued.event == "command_queued"
    assert isinstance(said, CommandWaiting)
    assert (said.reason, said.until) == ("not_connected", command.due)
    assert await stage.orders() == []
    assert await stage.alarm(command) == pytest.approx(command.due.timestamp())
    assert await stage.memory.waiting(stage.station, 9) == [command.id]


async def test_a_station_that_was_never_here_is_not_waited_for(stage: Stage) -> None:
    (command,) = await waiting(stage, level(stage))
    assert ends(await stage.events()) == {command.id: ("rejected", "unknown_station")}
    assert await stage.memory.waiting(stage.station, 9) == []


async def test_what_waits_goes_out_behind_the_answer_to_the_boot_and_not_before(stage: Stage) -> None:
    await away(stage)
    first, second = await waiting(stage, level(stage, 1), level(stage, 2))
    await come(stage)
    assert await stage.orders() == []
    assert await wake(stage, first) <= time.time() + BOOT_SECONDS
    assert await stage.orders() == [], "connected is not booted"
    third = level(stage, 3)
    await stage.command(third)
    assert await stage.orders() == [], "nor does one that comes now go ahead"
    await boot(stage)
    answer, *calls = await stage.orders()
    assert isinstance(answer, link.Answer)
    assert [call.tag for call in calls if isinstance(call, link.Call)] == [first.id, second.id, third.id]
    assert {call.epoch for call in calls} == {stage.epoch}


async def test_a_station_that_is_connected_and_has_not_booted_is_waited_for(stage: Stage) -> None:
    await come(stage)
    (command,) = await waiting(stage, level(stage))
    assert (await stage.remembered(command)).operation.state is State.WAITING
    await boot(stage)
    assert [call.tag for call in await stage.calls()] == [command.id]


async def test_a_boot_on_an_older_connection_lets_nothing_out(stage: Stage) -> None:
    await away(stage)
    await waiting(stage, level(stage))
    await come(stage)
    late = stage.called("BootNotification", BOOT)
    await come(stage)
    await stage.tell(late)
    assert await stage.calls() == []


@pytest.mark.parametrize(("booted", "after"), [(True, BOOTED_US), (False, SILENT_US)])
async def test_a_station_that_reconnects_without_a_boot_is_believed_after_a_while(
    stage: Stage, after: int, *, booted: bool
) -> None:
    await away(stage)
    if booted:
        await stage.performer.directory.accept(stage.station, stage.epoch)
    (command,) = await waiting(stage, level(stage))
    await come(stage)
    await grow_old(stage, after / 1e6 - 2)
    await wake(stage, command)
    assert await stage.calls() == []
    await grow_old(stage, after / 1e6 + 0.1)
    assert await wake(stage, command) <= time.time() + BOOT_SECONDS + AGAIN_SECONDS
    (call,) = await stage.calls()
    assert (call.tag, call.epoch) == (command.id, stage.epoch)


async def test_a_wait_that_is_over_ends_and_is_not_asked_for_any_more(stage: Stage) -> None:
    await away(stage)
    until = datetime.now(UTC) + timedelta(seconds=60)
    command, other = await waiting(stage, level(stage, wait_until=until), level(stage))
    alarm = await stage.alarm(command)
    assert alarm == pytest.approx(until.timestamp(), abs=0.01)
    await stage.performer.wake(stage.station, command.id, until.timestamp() - 1)
    assert ends(await stage.events()) == {}
    await stage.performer.wake(stage.station, command.id, until.timestamp() + 0.01)
    assert ends(await stage.events()) == {command.id: ("expired", "not_connected")}
    await back(stage)
    assert [call.tag for call in await stage.calls()] == [other.id]


async def test_a_station_that_connects_does_not_put_the_end_of_a_wait_off(stage: Stage) -> None:
    await away(stage)
    until = datetime.now(UTC) + timedelta(seconds=2)
    (command,) = await waiting(stage, level(stage, wait_until=until))
    await come(stage)
    assert await stage.alarm(command) == pytest.approx(until.timestamp(), abs=0.01)


async def test_a_command_that_waits_is_taken_back_once(stage: Stage) -> None:
    await away(stage)
    command, other = await waiting(stage, level(stage, 1), level(stage, 2))
    first, second = (Cancel(station=stage.station, command_id=command.id) for _ in range(2))
    await stage.command(first)
    await stage.command(first)
    await stage.command(second)
    assert ends(await stage.events()) == {
        command.id: ("cancelled", "cancelled"),
        first.id: ("completed", None),
        second.id: ("rejected", "too_late"),
    }
    await back(stage)
    assert [call.tag for call in await stage.calls()] == [other.id]


async def test_a_cancel_whose_worker_falls_half_way_is_not_told_that_it_is_too_late(stage: Stage) -> None:
    await away(stage)
    (command,) = await waiting(stage, level(stage))
    cancel = Cancel(station=stage.station, command_id=command.id)
    lost = 0
    tell = stage.performer.post.tell

    async def fall(letters: tuple[object, ...], reply_to: str | None = None) -> None:
        nonlocal lost
        if any(getattr(letter, "event", "") == "command_settled" for letter in letters) and not lost:
            lost += 1
            raise UnconfirmedError("lost by the test")
        await tell(letters, reply_to)  # type: ignore[arg-type]

    vars(stage.performer.post)["tell"] = fall
    with pytest.raises(UnconfirmedError):
        await stage.command(cancel)
    assert (await stage.remembered(command)).operation.state is State.CANCELLED
    await stage.command(cancel)
    assert ends(await stage.events())[cancel.id] == ("completed", None)


async def test_what_is_open_is_listed_in_its_order_without_the_list_itself(stage: Stage) -> None:
    await stage.connect()
    log = stage.wish(due_in=600)
    await stage.command(log)
    await stage.tell(await stage.record(log, "sent"), await stage.record(log, "answered"))
    await away(stage)
    first, second = await waiting(stage, level(stage, 1), level(stage, 2))
    await stage.events()
    await stage.command(ListCommands(station=stage.station))
    end = (await stage.events())[-1]
    assert isinstance(end, CommandSettled)
    assert isinstance(end.result, OpenCommands)
    assert [(each.command_id, each.state) for each in end.result.commands] == [
        (log.id, "accepted"),
        (first.id, "waiting"),
        (second.id, "waiting"),
    ]
    assert [each.waits_until for each in end.result.commands] == [None, first.due, second.due]


async def test_a_command_that_comes_again_is_told_how_far_it_is_and_never_done_twice(stage: Stage) -> None:
    await away(stage)
    log = GetLog(**stage.times(), if_offline=IfOffline.WAIT)

    async def again(state: str, command: Command = log) -> None:
        await stage.command(command, "somebody")
        repeated = [event for event in await stage.events() if isinstance(event, CommandRepeated)]
        assert [(each.state, each.deadline) for each in repeated] == [(state, log.due)]

    await waiting(stage, log)
    await again("waiting")
    await again("waiting", log.model_copy(update={"retries": 3}))
    await back(stage)
    await again("queued")
    assert len({call.message_id for call in await stage.calls()}) == 1
    await stage.tell(told(stage, link.Sent, log))
    await again("sent")
    await stage.tell(stage.answered(log, "GetLog", {"status": "Accepted"}))
    await again("accepted", log.model_copy(update={"retries": 3}))
    assert await stage.calls() == []
    assert await stage.memory.open_operations(stage.station) == [log.id]


async def test_a_command_that_has_waited_and_comes_again_after_its_end_is_told_that_end(stage: Stage) -> None:
    await away(stage)
    (command,) = await waiting(stage, level(stage))
    await back(stage)
    await stage.tell(
        told(stage, link.Sent, command), stage.answered(command, "SetMonitoringLevel", {"status": "Accepted"})
    )
    await stage.events()
    await stage.command(command)
    assert kinds(await stage.events()) == ["command_settled"]
    assert [call.tag for call in await stage.calls()] == [command.id]
