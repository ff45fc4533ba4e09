"""Who may have a command carried out, on a real Redis and broker; the senders' names are the test's."""

from pathlib import Path
from typing import Any

import pytest
from senders import (
    EVERYBODY,
    OWNER,
    STRANGER,
    Ears,
    assert_forbidden,
    assert_nothing_was_done,
    level,
    only,
    sent,
)
from stage import Stage
from structlog.testing import capture_logs

from ocppdiag_amqp import ParkError
from ocppdiag_contracts.commands import Cancel, Command, ListCommands, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.reception import UNSIGNED, Reception


@pytest.mark.parametrize("kind", [SetMonitoringLevel, ListCommands, Cancel])
async def test_a_command_without_a_right_is_rejected_before_anything_is_recorded(
    stage: Stage, tmp_path: Path, kind: type[Command]
) -> None:
    reception = Reception(stage.performer, only(tmp_path, OWNER, "T-*"))
    more: dict[str, Any] = {"severity": 4} if kind is SetMonitoringLevel else {}
    wish = kind(**stage.times(), **more, **({"command_id": "c1"} if kind is Cancel else {}))
    await stage.connect()
    async with Ears(stage) as ears:
        with capture_logs() as said:
            await reception.take(sent(stage, wish, STRANGER))
        assert_forbidden(await ears.own(), wish, "its sender may not send it to this station")
        assert said == [
            {
                "event": "command_forbidden",
                "log_level": "warning",
                "why": "its sender may not send it to this station",
                "user": STRANGER,
                "sent_for": (),
                "command": wish.command,
                "station": stage.station,
                "command_id": wish.id,
            }
        ]
    await assert_nothing_was_done(stage)


async def test_a_command_with_a_right_goes_out(stage: Stage, tmp_path: Path) -> None:
    reception = Reception(stage.performer, only(tmp_path, OWNER, "T-*"))
    await stage.connect()
    await reception.take(sent(stage, level(stage), OWNER))
    assert len(await stage.calls()) == 1


async def test_a_right_to_one_command_or_station_is_none_to_another(stage: Stage, tmp_path: Path) -> None:
    await stage.connect()
    for stations, commands in ((f"{stage.station}x", "*"), (stage.station, "get_*")):
        reception = Reception(stage.performer, only(tmp_path, STRANGER, stations, commands))
        async with Ears(stage) as ears:
            wish = level(stage)
            await reception.take(sent(stage, wish, STRANGER))
            assert_forbidden(await ears.own(), wish, "its sender may not send it to this station")
    await assert_nothing_was_done(stage)


async def test_a_forbidden_command_that_is_delivered_again_is_told_of_under_the_same_id(
    stage: Stage, tmp_path: Path
) -> None:
    reception, wish = Reception(stage.performer, only(tmp_path, OWNER, "T-*")), level(stage)
    async with Ears(stage) as ears:
        for _ in range(2):
            await reception.take(sent(stage, wish, STRANGER))
        first, second = await ears.own()
        assert first.id == second.id


async def test_a_command_of_nobody_known_is_told_of_and_put_aside(stage: Stage, tmp_path: Path) -> None:
    reception, wish = Reception(stage.performer, only(tmp_path, OWNER, "T-*")), level(stage)
    await stage.connect()
    async with Ears(stage) as ears:
        with pytest.raises(ParkError, match=UNSIGNED):
            await reception.take(sent(stage, wish, None, reply_to=f"{STRANGER}-{stage.station}"))
        assert_forbidden(await ears.own(), wish, "it was sent without user_id")
        with pytest.raises(ParkError, match=UNSIGNED):
            await reception.take(sent(stage, wish, None, reply_to=None))
        assert await ears.own() == []
    await assert_nothing_was_done(stage)


async def test_a_command_that_nobody_has_signed_is_everybodys_where_all_is_allowed(stage: Stage) -> None:
    wish, reception = stage.wish(due_in=600), Reception(stage.performer, EVERYBODY)
    await stage.connect()
    await reception.take(sent(stage, wish, None))
    for user in (None, STRANGER):
        await reception.take(sent(stage, wish, user, reply_to=stage.reply_to))
        assert "command_repeated" in [event.event for event in await stage.replies()]


async def test_a_command_under_the_key_of_another_is_invalid(stage: Stage) -> None:
    """The broker's own rights are by key: who may send `list_commands` must not get a level set with it."""
    await stage.connect()
    wish = level(stage)
    await Reception(stage.performer, EVERYBODY).take(sent(stage, wish, STRANGER, routing_key="list_commands"))
    (end,) = await stage.events()
    assert isinstance(end, CommandSettled)
    assert (end.failure, end.detail) == (
        Failure.INVALID_COMMAND,
        "command: is not the routing key of the message",
    )
    assert await stage.orders() == []
