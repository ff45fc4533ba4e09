"""Carry decisions out in one order: Redis, then events, then the station's answer. Done twice, it changes nothing more."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import structlog
from msgspec.structs import replace

from ocppdiag_contracts.commands import Command
from ocppdiag_contracts.events import CommandSettled, read_event
from ocppdiag_contracts.model import now
from ocppdiag_redis import Directory
from ocppdiag_workers import metrics, news
from ocppdiag_workers.begin import barred, begin, repeated
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.ends import SLACK_SECONDS, Ends
from ocppdiag_workers.feature import House
from ocppdiag_workers.gathering import Gathering
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.inform import Informer
from ocppdiag_workers.letters import letter, letters
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import State, Step
from ocppdiag_workers.orders import Orders
from ocppdiag_workers.post import Post
from ocppdiag_workers.presence import Presence
from ocppdiag_workers.records import Remembered
from ocppdiag_workers.table import Table
from ocppdiag_workers.together import Together
from ocppdiag_workers.unbegun import Claim, ended, lost

log = structlog.get_logger()


class ForbiddenError(Exception):
    """Its sender may not have a command carried out, or hear of it; the text says why."""


@dataclass(frozen=True, slots=True)
class Performer:
    """The hands of a worker; it keeps nothing between messages."""

    memory: Memory
    post: Post
    directory: Directory
    ends: Ends
    informer: Informer
    together: Together
    gathering: Gathering
    table: Table
    house: House

    @classmethod
    def of(
        cls, *, memory: Memory, post: Post, directory: Directory, ends: Ends, table: Table, house: House
    ) -> Self:
        """Put the hands of a worker together."""
        orders = Orders(memory, post, directory, table, house)
        informer = Informer(memory, post, orders, Presence(memory, directory), ends, table)
        together = Together(memory, post, table)
        gathering = Gathering(together.take)
        return cls(memory, post, directory, ends, informer, together, gathering, table, house)

    @property
    def presence(self) -> Presence:
        """What comes of stations that go and come back."""
        return self.informer.presence

    async def command(
        self,
        command: Command,
        body: bytes,
        reply_to: str | None,
        user: str | None = None,
        *,
        allowed: bool = True,
        trace: str | None = None,
    ) -> None:
        """Begin a command, or find it begun: then only what is missing is done, and how far it is, is told again.

        `allowed`: whether `user`, who the broker says has sent it, has the right to. `trace` is the `traceparent` of
        this step. Raises ForbiddenError.
        """
        since = await self.memory.origin.since()  # first: so no Redis is emptied unseen after we have looked
        remembered = await self.memory.find(command.station, command.id)
        if why := barred(remembered.operation if remembered else None, user, allowed=allowed):
            raise ForbiddenError(why)
        again = remembered is not None
        if remembered is None:
            if await self._known(command, reply_to, since):
                return None
            remembered = await self._begin(await self._step(command, body, reply_to, user, trace), since)
            if remembered is None:
                return await self.command(command, body, reply_to, user, allowed=allowed, trace=trace)
        elif remembered.operation.ended:
            final = await self.memory.final(command.station, command.id)
            await self.post.tell((final,) if final else (), reply_to)
        else:
            same = await self._again(command, remembered, reply_to)
            if same is None:
                return await self.command(command, body, reply_to, user, allowed=allowed, trace=trace)
            remembered = same
        await self.informer.tell_left(remembered, time.time())
        if remembered.operation.state is State.QUEUED:
            await self.informer.send(remembered.operation, again=again)
        elif remembered.operation.state is State.WAITING:  # the station may have come while this was written
            await self.presence.release(command.station, time.time(), self.informer.inform)
        return None

    async def end(self, event: CommandSettled, reply_to: str | None, user: str | None = None) -> None:
        """End a command that is not on record with this event, unless it is on record by now.

        `user` None: it is not known who has sent it, and everybody who repeats it is told what all may hear.
        """
        operation, told = ended(event, reply_to, user), letters((event,))
        final = letter(event.for_later())
        # First the alarm: who falls behind the record, or does not hear that it is written, has not told the end.
        await self.informer.look_again(operation, time.time())
        if await self.memory.commit(operation, told, 0, time.time(), final=final):
            metrics.ended(event)
            await self.informer.tell(Remembered(operation, 1, told))
            await self.memory.wake_never(operation.station, operation.id)

    async def _known(self, command: Command, reply_to: str | None, since: float) -> bool:
        """Whether a command without a record was begun before Redis lost that; then its end is told (again)."""
        made = command.time.timestamp()
        if made > since + SLACK_SECONDS:
            return False
        found = await self.ends.found(command.station, command.id, made)
        if found.end is not None:
            await self.post.tell(letters((read_event(found.end),)), reply_to)
        elif found.begun:
            whose = Claim(command.station, command.id, command.command)
            await self.end(lost(whose, now()), reply_to)
        return found.begun or found.end is not None

    async def _again(
        self, command: Command, remembered: Remembered, reply_to: str | None
    ) -> Remembered | None:
        """Tell how far an open operation is; None when somebody else has just moved it on."""
        operation = remembered.operation
        if reply_to and reply_to != operation.reply_to and operation.asks_for(command):
            # A service that was restarted asks again: what is still to come goes to where it listens now. An id alone
            # is no proof, because everybody may hear it.
            operation = replace(operation, reply_to=reply_to)
            if not await self.memory.commit(operation, (), remembered.revision, time.time()):
                return None
            remembered = Remembered(operation, remembered.revision + 1, remembered.unsent)
        await self.post.tell(
            letters((repeated(operation, remembered.revision, time.time()),), operation.trace), reply_to
        )
        return remembered

    async def decisions(self, decisions: Sequence[Decision]) -> None:
        """Carry out what records of different stations have asked for; raises, once all are through, the first error."""
        taken = await self.gathering.take(decisions)
        left = [decision for decision, each in zip(decisions, taken, strict=True) if each is None]
        outcomes = await asyncio.gather(
            self.together.finish([each for each in taken if each]),
            *(self._alone(decision) for decision in left),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def decision(self, decision: Decision) -> None:
        """Carry out what one record has asked for."""
        await self.decisions([decision])

    async def _alone(self, decision: Decision) -> None:
        structlog.contextvars.bind_contextvars(station=decision.station)
        station, events = decision.station, decision.events
        if decision.connects:
            await self.presence.connected(station, decision.connects, time.time())
        if decision.forgets_monitors:
            await self.memory.forget_monitors(station)
        if asked := decision.severities:
            events += asked.events(await self.memory.severities(station, asked.monitors))
        events += await self.informer.bring(station, decision.informs)
        await self.post.tell(letters(events))
        await self.together.answer([decision])
        if decision.accepts:  # what waits goes out behind the answer that lets the station in
            await self.directory.accept(station, decision.accepts)
            await self.presence.release(station, time.time(), self.informer.inform)

    async def wake(self, station: str, command_id: str, now: float) -> None:
        """Look at an operation whose time has come."""
        remembered = await self.memory.find(station, command_id)
        if remembered is None:
            await self.memory.wake_never(station, command_id)
            return
        all_told = await self.informer.tell_left(remembered, now)
        operation = remembered.operation
        if operation.ended:
            if all_told:
                await self.memory.wake_never(station, command_id)
            return
        gone = now < operation.due and await self.presence.gone(operation)
        item = news.Lost(now, operation.turn, operation.epoch) if gone else news.Woke(now)
        left = () if all_told else remembered.unsent
        after = await self.informer.advance(Remembered(operation, remembered.revision, left), item, now)
        if after is None:
            return
        if not after.ended:
            await self.presence.look_again(after, now)
            if not all_told:
                await self.informer.look_again(after, now)
        if after.waits:
            await self.presence.release(station, now, self.informer.inform)

    async def _step(
        self, command: Command, body: bytes, reply_to: str | None, user: str | None, trace: str | None
    ) -> Step:
        """Make the record of a command, with its request id."""
        work, now = self.table.works[command.command], time.time()
        lease, waits = await self.presence.place(command, now) if work.asks_station else (None, None)
        number = await self.memory.next_request_id(command.station) if work.numbered else 0
        return begin(
            command,
            body,
            reply_to,
            user=user,
            work=work,
            lease=lease,
            number=number,
            now=now,
            waits=waits,
            trace=trace,
        )

    async def _begin(self, step: Step, since: float) -> Remembered | None:
        """Write the record, before anything is sent; None when somebody else just has, or may have."""
        operation = replace(step.operation, store=await self.memory.origin.store())
        now, told = operation.begun, letters(step.events, operation.trace)
        # First guard and alarm, then the operation: without it they are about nothing. What an alarm takes away comes before it.
        guard, alarm = self.post.guard(Guard.of(operation), now), self.presence.look_again(operation, now)
        await asyncio.gather(guard, self.memory.open(operation), alarm)
        if not await self.memory.begin(operation, told, since, now):
            return None
        metrics.BEGUN.add(operation.name)
        station, request_id = operation.station, operation.request_id
        log.info("command_queued", station=station, command_id=operation.id, request_id=request_id)
        await self.informer.tell(Remembered(operation, 1, told))
        return Remembered(operation, 1)
