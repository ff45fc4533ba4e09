"""Who may have a command carried out, and hear of it, on a real Redis and broker; the senders' names are the test's."""

from pathlib import Path
from typing import Any, Self

import pytest
from stage import Stage, drained
from structlog.testing import capture_logs

from ocppdiag_amqp import Delivery, ParkError
from ocppdiag_contracts.commands import Cancel, Command, GetLog, ListCommands, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled, Event, Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.topology import REPLIES, guard_queue, reply_key
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.reception import UNSIGNED, Reception

OWNER, STRANGER = "tenant-b", "tenant-a"
EVERYBODY = AllowList()


def level(stage: Stage) -> SetMonitoringLevel:
    return SetMonitoringLevel(**stage.times(), severity=4)


def sent(stage: Stage, wish: Command, user: str | None, **more: Any) -> Delivery:  # noqa: ANN401 (any field)
    """As it comes from the broker: each user has a name of its own that it listens under."""
    body = wish.model_dump_json(exclude_none=True).encode()
    return Delivery(
        **{
            "body": body,
            "reply_to": f"{user}-{stage.station}",
            "routing_key": wish.command,
            "user_id": user,
            **more,
        }
    )


class Ears:
    """What one user hears as the sender of commands, and what everybody hears."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def __aenter__(self) -> Self:
        name = f"{STRANGER}-{self._stage.station}"
        self._own = await self._stage.listen((REPLIES.name, name), ("ocppdiag.events", reply_key(name)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._own.delete(if_unused=False, if_empty=False)

    async def own(self) -> list[CommandSettled]:
        """The ends that the stranger was told; it is told nothing else."""
        return [CommandSettled.model_validate_json(body) for body in await drained(self._own)]

    async def everybody(self) -> list[Event]:
        return await self._stage.events()


def assert_forbidden(ends: list[CommandSettled], wish: Command, detail: str) -> None:
    (end,) = ends
    assert (end.station, end.command_id, end.command) == (wish.station, wish.id, wish.command)
    assert (end.outcome, end.failure, end.retry) == (Outcome.REJECTED, Failure.FORBIDDEN, Retry.NEVER)
    assert end.detail == detail
    assert end.id.startswith(f"{wish.station}/{wish.id}/forbidden/")


async def assert_nothing_was_done(stage: Stage) -> None:
    assert await stage.orders() == []
    assert await stage.events() == []
    kept = await stage.redis.run("KEYS", f"ocppdiag:{{{stage.station}}}:*")
    assert {key.decode().rpartition(":")[2] for key in kept} <= {"lease", "station"}
    for seconds in (1, 5, 15, 120, 900, 7200, 86_400):
        queue = await stage.channel.get_queue(guard_queue(seconds).name)
        assert not [body for body in await drained(queue) if stage.station.encode() in body]


def only(tmp_path: Path, user: str, stations: str, commands: str = "*") -> AllowList:
    path = tmp_path / "rights.toml"
    path.write_text(f'[[{user}]]\ncommands = ["{commands}"]\nstations = ["{stations}"]\n')
    return AllowList(path)


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


async def test_a_command_that_nobody_has_signed_is_everybodys_where_all_is_allowed(stage: Stage) -> None:
    wish, reception = stage.wish(due_in=600), Reception(stage.performer, EVERYBODY)
    await stage.connect()
    await reception.take(sent(stage, wish, None))
    for user in (None, STRANGER):
        await reception.take(sent(stage, wish, user, reply_to=stage.reply_to))
        assert "command_repeated" in [event.event for event in await stage.replies()]


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


async def test_a_command_that_was_given_up_is_its_senders_too(stage: Stage) -> None:
    wish, reception = level(stage), Reception(stage.performer, EVERYBODY)
    await reception.give_up(sent(stage, wish, OWNER))
    async with Ears(stage) as ears:
        await reception.take(sent(stage, wish, STRANGER))
        assert_forbidden(await ears.own(), wish, "its id is that of another user's command")
    assert (await stage.remembered(wish)).operation.user == OWNER
