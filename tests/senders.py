"""Two users of the broker, what they send, and what each hears of it."""

from pathlib import Path
from typing import Any, Self

from stage import Stage, drained

from ocppdiag_amqp import Delivery
from ocppdiag_contracts.commands import Command, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled, Event, Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.topology import REPLIES, guard_queue, reply_key
from ocppdiag_workers.allow_list import AllowList

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
