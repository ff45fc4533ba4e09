"""Carry decisions out in one order: Redis, then events, then the station's answer. Done twice, it changes nothing more."""

import asyncio
import time
from dataclasses import dataclass, replace

import structlog
from msgspec import structs

from ocppdiag_amqp import UnroutableError
from ocppdiag_contracts.commands import Command
from ocppdiag_redis import Directory
from ocppdiag_workers import news
from ocppdiag_workers.decide import Decision, Table, begin
from ocppdiag_workers.feature import House, Inform
from ocppdiag_workers.letters import Letter, letter, letters
from ocppdiag_workers.memory import Memory, Remembered
from ocppdiag_workers.operation import Operation, State, Step
from ocppdiag_workers.orders import Orders
from ocppdiag_workers.post import Post

log = structlog.get_logger()

PATIENCE_SECONDS = 5.0
"""How long an event may be unsent before somebody else sends it: its own handler is most likely about to."""


@dataclass(frozen=True, slots=True)
class Performer:
    """The hands of a worker; it keeps nothing between messages."""

    memory: Memory
    post: Post
    directory: Directory
    orders: Orders
    table: Table
    house: House

    async def command(self, command: Command, body: bytes, reply_to: str | None) -> None:
        """Begin a command, or find it begun: then only what is missing is done, and its end is told again."""
        remembered = await self.memory.find(command.station, command.id)
        if remembered is None:
            remembered = await self._begin(command, body, reply_to)
        elif remembered.operation.ended:
            final = await self.memory.final(command.station, command.id)
            await self.post.tell((final,) if final else (), reply_to)
        elif (
            reply_to and reply_to != remembered.operation.reply_to and remembered.operation.asks_for(command)
        ):
            # A service that was restarted asks again: what is still to come goes to where it listens now. An id alone
            # is no proof, because everybody may hear it.
            operation = structs.replace(remembered.operation, reply_to=reply_to)
            if not await self.memory.commit(operation, (), remembered.revision, time.time()):
                return await self.command(command, body, reply_to)
            remembered = Remembered(operation, remembered.revision + 1, remembered.unsent)
        await self._tell_left(remembered)
        if remembered.operation.state is State.QUEUED:
            await self._send(remembered.operation)
        return None

    async def decision(self, decision: Decision) -> None:
        """Carry out what a record has asked for."""
        station, events = decision.station, decision.events
        if decision.forgets_monitors:
            await self.memory.forget_monitors(station)
        if asked := decision.severities:
            events += asked.events(await self.memory.severities(station, asked.monitors))
        claimed = await asyncio.gather(*(self._inform(station, inform) for inform in decision.informs))
        for inform, taken in zip(decision.informs, claimed, strict=True):
            events += () if taken else inform.unclaimed
        await self.post.tell(letters(events))
        if decision.answer is not None and decision.node is not None:
            try:
                await self.post.order(decision.node, decision.answer)
            except UnroutableError:  # the gateway went, and the station's connection with it
                log.info("answer_unroutable", station=decision.station, node=decision.node)

    async def wake(self, station: str, command_id: str, now: float) -> None:
        """Look at an operation whose time has come."""
        remembered = await self.memory.find(station, command_id)
        if remembered is None:
            await self.memory.wake_never(station, command_id)
            return
        await self._tell(remembered)
        if remembered.operation.ended:
            await self.memory.wake_never(station, command_id)
        else:
            told = Remembered(remembered.operation, remembered.revision)
            after = await self._advance(told, news.Woke(now), now)
            if not after.ended:
                await self.memory.wake_later(station, command_id, after.wake_at)

    async def _begin(self, command: Command, body: bytes, reply_to: str | None) -> Remembered:
        """Record a command, with its request id, before anything is sent."""
        work = self.table.works[command.command]
        lease = await self.directory.find(command.station)
        now = time.time()
        number = await self.memory.next_request_id(command.station) if work.numbered else 0
        operation, queued = begin(command, body, reply_to, work=work, lease=lease, number=number, now=now)
        # First the alarm, then the operation: one without the other is an alarm about nothing.
        await self.memory.wake_later(operation.station, operation.id, operation.wake_at)
        told = letters((queued,))
        if not await self.memory.commit(operation, told, 0, now):
            found = await self.memory.find(operation.station, operation.id)
            if found is None:
                raise RuntimeError("an operation was there and is gone")
            return found
        log.info(
            "command_queued",
            station=operation.station,
            command_id=operation.id,
            request_id=operation.request_id,
        )
        await self._tell(Remembered(operation, 1, told))
        return Remembered(operation, 1)

    async def _send(self, operation: Operation) -> None:
        """Order the CALL of its turn, again if need be: the gateway knows an order by its message id."""
        now = time.time()
        if refusal := await self.orders.send(operation, now):
            refused = news.Refused(now, refusal, operation.turn)
            await self._inform(operation.station, Inform(refused, operation.id))

    async def _inform_family(self, station: str, inform: Inform, family: str) -> bool:
        """Bring news to all open operations of a family; that there is none is known without a look at each."""
        if not await self.memory.find_request(station, family, 0):
            return False
        asked = await self._open_of(station, family)
        for each in asked:
            await self._inform(station, Inform(inform.news, each.operation.id))
        return bool(asked)

    async def _inform(self, station: str, inform: Inform) -> bool:
        """Bring news to its operation; False when there is none, or it has ended before the news."""
        if inform.family:
            return await self._inform_family(station, inform, inform.family)
        command_id = inform.tag
        if inform.request:
            command_id = await self.memory.find_request(station, *inform.request)
        if command_id is None and inform.assumed:
            command_id = await self._only_one(station, inform.assumed)
        remembered = await self.memory.find(station, command_id) if command_id else None
        if remembered is None:
            return False
        await self._tell_left(remembered)
        item, operation = inform.news, remembered.operation
        if operation.ended:
            return self.table.had(operation, item)
        await self._advance(remembered, item, time.time())
        return True

    async def _advance(self, remembered: Remembered, item: news.News, now: float) -> Operation:
        """Work the news in, whoever else is at it; then tell what it has caused."""
        while not remembered.operation.ended:
            before = remembered.operation
            if isinstance(item, news.PartCame):
                known, repeated = await self.memory.known_part(before, item.part)
                item = replace(item, known=known, repeated=repeated)
            step = self.table.advance(before, item)
            if step.gather:
                step = step.with_all(await self.memory.parts(before, step.keep))
            if step.monitors:
                await self.memory.see_monitors(before.station, step.monitors)
            if step.supersedes:  # before the commit: a worker that falls after it would not come back to this
                await self._supersede(before, now)
            told = letters(step.events)
            if step.operation == before:
                await self.post.tell(told, before.reply_to)
                if step.asks:
                    await self._send(before)
                return before
            final = letter(step.final.for_later()) if step.final else None
            if await self.memory.commit(
                step.operation, told, remembered.revision, now, keep=step.keep, final=final
            ):
                await self._stepped(step, told, remembered, now)
                return step.operation
            found = await self.memory.find(before.station, before.id)
            if found is None:
                return before
            remembered = found
        return remembered.operation

    async def _stepped(
        self, step: Step, told: tuple[Letter, ...], remembered: Remembered, now: float
    ) -> None:
        operation, before = step.operation, remembered.operation
        if operation.state != before.state:
            log.info(
                "operation_moved",
                station=operation.station,
                command_id=operation.id,
                state=operation.state.value,
            )
        await self._tell(Remembered(operation, 0, told))
        if remembered.unsent or step.asks:  # somebody else's, or an order that may not go out: seen to soon
            at = now + PATIENCE_SECONDS
            await self.memory.wake_later(operation.station, operation.id, min(at, operation.wake_at))
        elif operation.ended:
            await self.memory.wake_never(operation.station, operation.id)
        elif operation.wake_at != before.wake_at:
            await self.memory.wake_later(operation.station, operation.id, operation.wake_at)
        if step.asks:
            await self._send(step.operation)

    async def _supersede(self, newer: Operation, now: float) -> None:
        for other in await self._open_of(newer.station, newer.family):
            if other.operation.older_than(newer):
                await self._advance(other, news.Superseded(now), now)

    async def _only_one(self, station: str, family: str) -> str | None:
        asked = await self._open_of(station, family)
        return asked[0].operation.id if len(asked) == 1 else None

    async def _open_of(self, station: str, family: str | None) -> list[Remembered]:
        found = [
            await self.memory.find(station, command_id)
            for command_id in await self.memory.open_operations(station)
        ]
        return [each for each in found if each and each.operation.family == family]

    async def _tell_left(self, remembered: Remembered) -> None:
        """See to events that somebody has left unsent: now if that was a while ago, else he may be at it still."""
        if not remembered.unsent:
            return
        now = time.time()
        if max(each.at for each in remembered.unsent) < now - PATIENCE_SECONDS:
            await self._tell(remembered)
        else:
            await self.memory.wake_later(
                remembered.operation.station, remembered.operation.id, now + PATIENCE_SECONDS
            )

    async def _tell(self, remembered: Remembered) -> None:
        """Publish what is still unsent, then forget that it was."""
        if remembered.unsent:
            await self.post.tell(remembered.unsent, remembered.operation.reply_to)
            await self.memory.mark_sent(remembered.operation, remembered.unsent)
