"""Stations that go and come back: what that means for commands under way, and for those that wait."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from redis.exceptions import RedisError

from ocppdiag_contracts.commands import Command, StationCommand
from ocppdiag_contracts.events import Waiting
from ocppdiag_redis import Directory, Lease
from ocppdiag_workers import news
from ocppdiag_workers.calls import AGAIN_SECONDS
from ocppdiag_workers.feature import Inform
from ocppdiag_workers.memory import HELD_MS, Memory
from ocppdiag_workers.operation import Operation, State
from ocppdiag_workers.orders import Bring

LOST_SECONDS = 2.0
"""How long what an older connection has still to say is waited for: its gateway may be about to publish it."""

LOOK_SECONDS = 60.0
"""How often it is looked whether the connection that owes an answer still stands."""

BOOT_SECONDS = 6.0
"""A little longer than the directory takes to believe that a station has reconnected without a boot."""

AT_ONCE = 16
"""Commands that are on their way at a time: half of what a gateway lets wait for one station."""

PATIENCE_SECONDS = 20.0
"""A command that has to end sooner than this does not wait until it is known again who is connected."""


class DirectoryRebuildingError(RedisError):
    """Redis was emptied, and who is connected is not known again yet: wait."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Keeps nothing. Every method raises redis.exceptions.RedisError when Redis is out of reach."""

    memory: Memory
    directory: Directory

    async def place(self, command: Command, now: float) -> tuple[Lease | None, Waiting | None]:
        """Return the connection that a command goes to, or why it waits for one instead, if it may.

        Raises:
            DirectoryRebuildingError: that the station is not here may be our own ignorance.

        """
        station = command.station
        until = command.waits_until if isinstance(command, StationCommand) else None
        waits = until is not None and now < until.timestamp()
        lease = await (self.directory.ready(station) if waits else self.directory.find(station))
        if lease is not None:
            behind = waits and await self.memory.waiting(station, 1)
            return (None, Waiting.BUSY) if behind else (lease, None)
        if command.due.timestamp() > now + PATIENCE_SECONDS and not await self.directory.rebuilt():
            raise DirectoryRebuildingError("who is connected is not known yet")
        known = waits and await self.directory.knows(station)
        return None, Waiting.NOT_CONNECTED if known else None

    async def connected(self, station: str, epoch: int, now: float) -> None:
        """See to it that what an older connection owes is given up soon, and that what waits goes out."""
        for command_id in await self.memory.open_operations(station):
            found = await self.memory.find(station, command_id)
            if found and found.operation.unanswered and found.operation.epoch < epoch:
                await self.memory.wake_by(station, command_id, now + LOST_SECONDS)
        for command_id in await self.memory.waiting(station, 1):
            await self.memory.wake_by(station, command_id, now + BOOT_SECONDS)

    async def gone(self, operation: Operation) -> bool:
        """Whether the connection that owes an answer has gone without a word."""
        if not operation.unanswered:
            return False
        lease = await self.directory.find(operation.station)
        return await self.directory.rebuilt() if lease is None else lease.epoch > operation.epoch

    async def release(self, station: str, now: float, inform: Bring) -> None:
        """Have what waits for the station go out in its order, if the station is there and has booted.

        A few at a time, and what has gone out keeps its place in line until it is known to have left.
        """
        owner, tried = uuid4().hex, set[str]()
        while not tried.issuperset(await self.memory.waiting(station, AT_ONCE)):
            lease = await self.directory.ready(station)
            if lease is None or not await self.memory.hold_waiting(station, owner):
                return
            try:
                going = await self.memory.waiting(station, AT_ONCE)
                tried.update(going)
                # Should we fall, the alarm of each comes when nobody holds the line any more.
                alarm = now + HELD_MS / 1000 + 1
                await asyncio.gather(*(self.memory.wake_by(station, each, alarm) for each in going))
                await self._go(station, going, news.Back(now, lease.node, lease.epoch, lease.version), inform)
            finally:
                await self.memory.free_waiting(station, owner)

    async def _go(self, station: str, going: list[str], back: news.Back, inform: Bring) -> None:
        """Send them out, up to the first that cannot go, or may be under way elsewhere: nobody goes ahead of it."""
        for command_id in going:
            await inform(station, Inform(back, command_id))
            found = await self.memory.find(station, command_id)
            if found is None or not found.operation.in_line:
                continue
            if found.operation.state is State.WAITING or found.operation.epoch != back.epoch:
                return

    async def look_again(self, operation: Operation, now: float) -> None:
        """Set the alarm of an open operation."""
        at = operation.wake_at
        if operation.unanswered:
            at = min(at, now + LOOK_SECONDS)
        elif operation.state is State.WAITING and await self.directory.find(operation.station):
            at = min(at, now + AGAIN_SECONDS)
        await self.memory.wake_later(operation.station, operation.id, at)
