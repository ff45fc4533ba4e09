"""Guards in a test's hands, and a Redis that has lost a station."""

import time
from typing import Any

from msgspec.structs import replace
from stage import Stage

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.topology import guard_queue
from ocppdiag_redis import keys
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.guards import Guards


def guards(stage: Stage) -> Guards:
    return Guards(stage.performer)


def guard(stage: Stage, wish: Command, **changes: Any) -> Guard:  # noqa: ANN401 (any field of it)
    """The guard of a command whose deadline was over two seconds ago, unless `changes` says when it is."""
    now = time.time()
    each = Guard(
        station=stage.station,
        command_id=wish.id,
        command=wish.command,
        reply_to=stage.reply_to,
        begun=now - 5,
        due=now - 2,
    )
    return replace(each, **changes)


async def resting(stage: Stage, seconds: int) -> list[bytes]:
    """The guards of this station that rest for so long."""
    queue = await stage.channel.get_queue(guard_queue(seconds).name)
    found = []
    while message := await queue.get(no_ack=True, fail=False):
        found += [bytes(raw) for raw in link.split(message.body) if stage.station.encode() in bytes(raw)]
    return found


async def ends(stage: Stage) -> list[CommandSettled]:
    return [event for event in await stage.events() if isinstance(event, CommandSettled)]


async def end(stage: Stage, wish: Command) -> CommandSettled:
    """Let the station do all that was asked."""
    await stage.tell(*[await stage.record(wish, what) for what in ("answered", "uploaded", "stored")])
    return await stage.settled()


async def forget(stage: Stage) -> None:
    """Lose all that lies in Redis about the station, and its alarms."""
    await stage.redis.run("DEL", *await stage.redis.run("KEYS", f"ocppdiag:{{{stage.station}}}:*"))
    for member in await stage.redis.run("ZRANGE", keys.DEADLINES, 0, -1):
        if stage.station.encode() in member:
            await stage.redis.run("ZREM", keys.DEADLINES, member)
