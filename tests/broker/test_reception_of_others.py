"""Commands under the id, or for the station, of others: who hears of them, on a real Redis and broker; the users' names are the test's."""

from pathlib import Path

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

from ocppdiag_amqp import ParkError
from ocppdiag_contracts.commands import GetLog, ListCommands
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.reception import UNSIGNED, Reception


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.abuse(
    "34 tenant A repeats the command id of tenant B",
    "A is told forbidden and nothing of the command, B's command and what B hears are unchanged",
)
async def test_who_repeats_the_command_of_another_user_hears_nothing_of_it(
    stage: Stage, tmp_path: Path, *, restricted: bool
) -> None:
    """Also where everybody may send everything, and where it is word for word the same command."""
    path = tmp_path / "rights.toml"
    path.write_text(
        f'[[{OWNER}]]\ncommands = ["*"]\nstations = ["*"]\n[[{STRANGER}]]\ncommands = ["*"]\nstations = ["*"]\n'
    )
    reception = Reception(stage.performer, AllowList(path) if restricted else EVERYBODY)
    await stage.connect()
    wish = stage.wish(due_in=600)
    await reception.take(sent(stage, wish, OWNER, reply_to=stage.reply_to))
    heard = [event.id for event in await stage.replies()]
    detail = "its id is that of another user's command"
    async with Ears(stage) as ears:
        for state in ("open", "ended"):
            await stage.orders()
            await stage.events()
            before = await stage.everything_kept()
            others = (
                wish,
                GetLog(**{**stage.times(), "id": wish.id}),
                ListCommands(**{**stage.times(), "id": wish.id}),
            )
            for other in others:
                await reception.take(sent(stage, other, STRANGER))
                assert_forbidden(await ears.own(), other, detail)
            invalid = sent(stage, wish, STRANGER, routing_key="cancel")
            await reception.take(invalid)
            assert_forbidden(await ears.own(), wish, detail)
            await reception.give_up(sent(stage, wish, STRANGER))
            assert_forbidden(await ears.own(), wish, detail)
            with pytest.raises(ParkError, match=UNSIGNED):
                await reception.take(sent(stage, wish, None, reply_to=stage.reply_to))
            (unsigned,) = await stage.replies()
            assert isinstance(unsigned, CommandSettled)
            assert unsigned.failure is Failure.FORBIDDEN
            assert await stage.everything_kept() == before
            assert await stage.orders() == []
            assert await ears.everybody() == []
            if state == "open":
                await stage.tell(
                    *[await stage.record(wish, what) for what in ("answered", "uploaded", "stored")]
                )
                replies = await stage.replies()
                assert len([event for event in replies if isinstance(event, CommandSettled)]) == 1
                assert not {event.id for event in replies} & set(heard)
        assert await ears.own() == []


async def test_who_has_sent_a_command_is_told_how_far_it_is_also_without_the_right_by_now(
    stage: Stage, tmp_path: Path
) -> None:
    wish = stage.wish(due_in=600)
    await stage.connect()
    await Reception(stage.performer, EVERYBODY).take(sent(stage, wish, STRANGER))
    await stage.orders()
    later = Reception(stage.performer, only(tmp_path, OWNER, "T-*"))
    async with Ears(stage) as ears:
        await later.take(sent(stage, wish, STRANGER, reply_to=stage.reply_to))
        assert "command_repeated" in [event.event for event in await stage.replies()]
        other = level(stage)
        await later.take(sent(stage, other, STRANGER))
        assert_forbidden(await ears.own(), other, "its sender may not send it to this station")


async def test_an_invalid_command_for_a_station_of_others_is_told_to_nobody_else(
    stage: Stage, tmp_path: Path
) -> None:
    reception, wish = Reception(stage.performer, only(tmp_path, OWNER, "T-*")), level(stage)
    bad = wish.model_dump_json(exclude_none=True).replace('"severity":4', '"severity":"x"').encode()
    async with Ears(stage) as ears:
        await reception.take(sent(stage, wish, STRANGER, body=bad))
        assert_forbidden(await ears.own(), wish, "its sender may not send it to this station")
        await reception.give_up(sent(stage, wish, STRANGER))
        assert_forbidden(await ears.own(), wish, "its sender may not send it to this station")
    await assert_nothing_was_done(stage)
    await reception.take(sent(stage, wish, OWNER, body=bad))
    (end,) = await stage.events()
    assert isinstance(end, CommandSettled)
    assert end.failure is Failure.INVALID_COMMAND


async def test_a_command_that_says_its_station_twice_is_judged_by_the_one_that_it_would_go_to(
    stage: Stage, tmp_path: Path
) -> None:
    reception, wish = Reception(stage.performer, only(tmp_path, STRANGER, "MINE")), level(stage)
    text = wish.model_dump_json(exclude_none=True)
    await stage.connect()
    for body in (text[:-1] + ',"station":"MINE"}', '{"station":"MINE",' + text[1:]):
        await reception.take(sent(stage, wish, STRANGER, body=body.encode()))
        assert await stage.orders() == []
        assert await stage.events() == []


@pytest.mark.parametrize(
    ("last", "first", "done"),
    [
        ("operator", OWNER, True),
        ("operator", STRANGER, False),
        (STRANGER, OWNER, False),
        ("operator", "", False),
    ],
)
async def test_a_command_that_is_sent_again_needs_the_right_of_all_who_have_sent_it(
    stage: Stage, tmp_path: Path, last: str, first: str, *, done: bool
) -> None:
    path = tmp_path / "rights.toml"
    path.write_text("".join(f'[[{user}]]\ncommands=["*"]\nstations=["*"]\n' for user in (OWNER, "operator")))
    reception, wish = Reception(stage.performer, AllowList(path)), level(stage)
    await stage.connect()
    delivery = sent(stage, wish, last, reply_to=f"{STRANGER}-{stage.station}", headers={"sent_for": first})
    async with Ears(stage) as ears:
        if done:
            await reception.take(delivery)
            assert len(await stage.calls()) == 1
            return
        try:
            await reception.take(delivery)
        except ParkError:
            assert not first
        assert_forbidden(await ears.own(), wish, "its sender may not send it to this station")
    await assert_nothing_was_done(stage)


async def test_a_command_that_was_given_up_is_its_senders_too(stage: Stage) -> None:
    wish, reception = level(stage), Reception(stage.performer, EVERYBODY)
    await reception.give_up(sent(stage, wish, OWNER))
    async with Ears(stage) as ears:
        await reception.take(sent(stage, wish, STRANGER))
        assert_forbidden(await ears.own(), wish, "its id is that of another user's command")
    assert (await stage.remembered(wish)).operation.user == OWNER
