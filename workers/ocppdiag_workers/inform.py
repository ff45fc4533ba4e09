"""Bring news to operations, whoever else is at them, and see to what it causes: events, orders, alarms."""

import time
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from ocppdiag_workers import news, steps
from ocppdiag_workers.ends import Ends
from ocppdiag_workers.feature import Inform
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation, State, Step
from ocppdiag_workers.orders import Orders
from ocppdiag_workers.post import Post
from ocppdiag_workers.presence import Presence
from ocppdiag_workers.records import PATIENCE_SECONDS, Change, Remembered
from ocppdiag_workers.table import Table
from ocppdiag_workers.written import Told

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Informer:
    """Keeps nothing. Every method raises RedisError and UnconfirmedError: done again, it changes nothing more."""

    memory: Memory
    post: Post
    orders: Orders
    presence: Presence
    ends: Ends
    table: Table

    async def send(self, operation: Operation, *, again: bool) -> None:
        """Order the CALL of its turn, again if need be: the gateway knows an order by its message id."""
        if item := await self.orders.send(operation, time.time(), self.inform, again=again):
            await self.inform(operation.station, Inform(item, operation.id))

    async def bring(self, station: str, informs: tuple[Inform, ...]) -> tuple[Told, ...]:
        """Bring all that one message says; return what is left to be told, because no operation has taken it."""
        names = [(station, *name) for inform in informs if (name := inform.named)]
        known = dict(zip(names, await self.memory.find_requests(names), strict=True))
        left: tuple[Told, ...] = ()
        for inform in informs:
            command_id = known[station, *name] if (name := inform.named) else inform.tag
            if not await self._taken(station, inform, command_id):
                left += inform.unclaimed()
        return left

    async def _inform_family(self, station: str, inform: Inform, family: str) -> bool:
        """Bring news to all open operations of a family."""
        asked = await self._open_of(station, family)
        for each in asked:
            await self.inform(station, Inform(inform.news, each.operation.id))
        return bool(asked)

    async def inform(self, station: str, inform: Inform) -> bool:
        """Bring news to the operation of its tag; False when there is none, or it has ended before the news."""
        return await self._taken(station, inform, inform.tag)

    async def _taken(self, station: str, inform: Inform, command_id: str | None) -> bool:
        if inform.family:
            return command_id is not None and await self._inform_family(station, inform, inform.family)
        it = command_id
        if it is None and inform.assumed:
            it = await self._only_one(station, inform.assumed)
        remembered = await self.memory.find(station, it) if it else None
        if remembered is None:
            return False
        await self.tell_left(remembered, time.time())
        item, operation = inform.news, remembered.operation
        if operation.ended:
            return self.table.had(operation, item)
        after = await self.advance(remembered, item, time.time())
        if after is None:  # somebody else has ended it meanwhile: this may be nobody's by now
            return await self._taken(station, inform, command_id)
        if after.waits and after.state is not State.QUEUED:  # the next may go, or it is to go again
            await self.presence.release(station, time.time(), self.inform)
        return True

    async def advance(self, remembered: Remembered, item: news.News, now: float) -> Operation | None:
        """Work the news in, whoever else is at it, and tell what it has caused; None when it has ended before."""
        while not remembered.operation.ended:
            before = remembered.operation
            step = await self._step(before, item)
            if step.monitors:
                await self.memory.see_monitors(before.station, step.monitors)
            if step.supersedes:  # before the commit: a worker that falls after it would not come back to this
                await self._supersede(before, now)
            change = Change.of(remembered, step)
            if step.operation == before:
                await self.post.tell(change.told, before.reply_to)
                if step.asks:
                    await self.send(before, again=True)
                return before
            (written,) = await self.memory.commit_all([change], now)
            if written:
                steps.recorded(before, step, item, now)
                await self._stepped(step, change.told, remembered, now)
                return step.operation
            found = await self.memory.find(before.station, before.id)
            if found is None:
                return None
            remembered = found
        return None

    async def _step(self, before: Operation, item: news.News) -> Step:
        """Take the step that the news leads to: in silence, if a Redis that fell has lost that its end was told."""
        if isinstance(item, news.PartCame):
            known, repeated = await self.memory.known_part(before, item.part)
            item = replace(item, known=known, repeated=repeated)
        step = self.table.advance(before, item)
        if step.gather:
            step = step.with_all(await self.memory.parts(before, step.keep))
        if (
            step.final
            and before.store != await self.memory.origin.store()
            and await self.ends.told(before.station, before.id, before.begun)
        ):
            log.warning("end_told_before", station=before.station, command_id=before.id)
            return replace(step, events=step.events[:-1])
        return step

    async def _stepped(
        self, step: Step, told: tuple[Letter, ...], remembered: Remembered, now: float
    ) -> None:
        operation, before = step.operation, remembered.operation
        await self.tell(Remembered(operation, 0, told))
        if remembered.unsent or step.asks:  # somebody else's, or an order that may not go out: seen to soon
            at = now + PATIENCE_SECONDS
            await self.memory.wake_later(operation.station, operation.id, min(at, operation.wake_at))
        elif operation.ended:
            await self.memory.wake_never(operation.station, operation.id)
        elif operation.state is State.WAITING:
            await self.memory.wake_by(operation.station, operation.id, operation.wake_at)
        elif operation.wake_at != before.wake_at:
            await self.memory.wake_later(operation.station, operation.id, operation.wake_at)
        if step.asks:
            await self.send(step.operation, again=False)

    async def _supersede(self, newer: Operation, now: float) -> None:
        for other in await self._open_of(newer.station, newer.family):
            if other.operation.older_than(newer):
                await self.advance(other, news.Superseded(now), now)

    async def _only_one(self, station: str, family: str) -> str | None:
        asked = await self._open_of(station, family)
        return asked[0].operation.id if len(asked) == 1 else None

    async def _open_of(self, station: str, family: str | None) -> list[Remembered]:
        """Return what the station has been asked, or may have been."""
        found = [
            await self.memory.find(station, command_id)
            for command_id in await self.memory.open_operations(station)
        ]
        return [
            each
            for each in found
            if each and each.operation.family == family and each.operation.state is not State.WAITING
        ]

    async def tell_left(self, remembered: Remembered, now: float) -> bool:
        """See to events that somebody has left unsent: now if that was a while ago, else he may be at it still.

        Returns whether none is left; else the operation is woken for them.
        """
        if remembered.being_told(now):
            await self.look_again(remembered.operation, now)
            return False
        await self.tell(remembered)
        return True

    async def look_again(self, operation: Operation, now: float) -> None:
        """Have an operation woken soon, for events that may be left unsent."""
        await self.memory.wake_by(operation.station, operation.id, now + PATIENCE_SECONDS)

    async def tell(self, remembered: Remembered) -> None:
        """Publish what is still unsent, then forget that it was."""
        if remembered.unsent:
            await self.post.tell(remembered.unsent, remembered.operation.reply_to)
            await self.memory.mark_sent(remembered.operation, remembered.unsent)
