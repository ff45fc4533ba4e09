"""A station of a stage that goes and comes back, commands that wait for it, and what its gateway then says."""

import time
from typing import Any

from msgspec.structs import asdict
from stage import Stage

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, IfOffline, SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled, Event
from ocppdiag_contracts.topology import OWNER
from ocppdiag_redis import keys
from ocppdiag_workers.calls import AGAIN_SECONDS

BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}


async def leave(stage: Stage) -> None:
    """The connection ends in order."""
    lease = await stage.performer.directory.find(stage.station)
    assert lease is not None
    await stage.performer.directory.release(lease)


async def away(stage: Stage) -> None:
    """Be a station that was here once."""
    await stage.connect()
    await leave(stage)


async def come(stage: Stage) -> None:
    """Connect, and have the workers hear of it; the boot is still to come."""
    await stage.connect()
    await stage.tell(link.Connected(**_of(stage)))


async def boot(stage: Stage) -> None:
    await stage.tell(stage.called("BootNotification", BOOT))


async def back(stage: Stage) -> None:
    await come(stage)
    await boot(stage)


def level(stage: Stage, severity: int = 5, **more: Any) -> SetMonitoringLevel:  # noqa: ANN401 (members)
    """A command that waits, and may be repeated."""
    return SetMonitoringLevel(**stage.times(), if_offline=IfOffline.WAIT, severity=severity, **more)


async def waiting(stage: Stage, *commands: Command) -> tuple[Command, ...]:
    """Send commands to a station that is away."""
    for command in commands:
        await stage.command(command)
    return commands


def told(stage: Stage, kind: type[link.Result], command: Command, **content: Any) -> Any:  # noqa: ANN401 (a record)
    """What the gateway says of a command's CALL on the connection that stands now."""
    return kind(**_of(stage), owner=OWNER, tag=command.id, action="", **content)


def _of(stage: Stage) -> dict[str, Any]:
    stage.seq += 1
    record = asdict(stage.called("Heartbeat", {}, stage.seq))
    return {name: record[name] for name in ("station", "node", "connection", "epoch", "seq", "at", "version")}


async def grow_old(stage: Stage, seconds: float) -> None:
    """Have the connection stand for so long: its epoch is the moment of its beginning."""
    epoch = int((time.time() - seconds) * 1_000_000)
    await stage.redis.run("HSET", keys.lease(stage.station), "epoch", str(epoch))
    stage.epoch = epoch


async def wake(stage: Stage, command: Command) -> float:
    """Let a command's alarm ring, whenever that is; return when."""
    alarm = await stage.alarm(command)
    assert alarm is not None
    await stage.performer.wake(stage.station, command.id, alarm)
    return alarm


async def tried_again(stage: Stage, command: Command) -> None:
    """Let a while pass, after which a connection that did not take the command may be tried again."""
    at = time.time() + AGAIN_SECONDS
    assert (await stage.alarm(command) or at + 1) <= at, "nobody would look"
    await stage.performer.wake(stage.station, command.id, at)


def ends(events: list[Event]) -> dict[str, tuple[str, str | None]]:
    """How commands have ended, by their ids."""
    return {
        event.command_id: (event.outcome.value, str(event.failure) if event.failure else None)
        for event in events
        if isinstance(event, CommandSettled)
    }
