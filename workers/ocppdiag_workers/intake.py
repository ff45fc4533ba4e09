"""Read what comes from the broker, decide and perform; the consumer settles the message when this has returned."""

import asyncio
import os
import re
from datetime import timedelta
from typing import TypeVar

import structlog
from msgspec import MsgspecError
from msgspec.json import Decoder

from ocppdiag_amqp import Broker, Consumer, Delivery, Handler, ParkError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import (
    Command,
    CommandModel,
    CustomerInformation,
    InvalidCommandError,
    read_command,
)
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import (
    DELIVERY_LIMIT,
    EXPIRED_KEY,
    GUARD_KEY,
    LARGEST_BODY,
    OWNER,
    commands_queue,
    diagnostics_queue,
)
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_workers.decide import decide, refusal, unsent
from ocppdiag_workers.guard import GUARD, Guard
from ocppdiag_workers.guards import Guards
from ocppdiag_workers.letters import letters
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.trouble import PASSING
from ocppdiag_workers.unbegun import claim, given_up, refused
from ocppdiag_workers.withheld import fault

log = structlog.get_logger()

UNREADABLE = (MsgspecError, ValueError, RecursionError)
"""What msgspec raises: text that is no UTF-8, and what is nested too deep, are none of its own errors."""

Record = TypeVar("Record", link.ToWorkers, link.ToGateway, Guard)

MOST_ATTEMPTS = DELIVERY_LIMIT - 2
"""A message that failed this often is tried no more. Two deliveries are left for putting it aside: what has us fall may
be another message, and what the broker itself dead-letters stays whole."""

FURTHEST = CommandModel.LONGEST_TIME + timedelta(days=1)
"""How far a deadline may lie ahead of our own clock."""

_REPLY_TO = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Intake:
    """The consumers of one worker."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._guards = Guards(performer)

    async def run(self, broker: Broker, *, shards: int, prefetch: int, stop: asyncio.Event) -> None:
        """Consume until told to stop, then finish what was begun."""
        table = self._performer.table
        batches, commands = self._carefully(self.on_batch), self._carefully(self.on_command, self._end)
        wanted = [(diagnostics_queue(shard, tuple(table.hears)), batches) for shard in range(shards)]
        wanted.append((commands_queue(tuple(table.works)), commands))
        consumers: list[Consumer] = []
        try:
            for queue, handler in wanted:
                consumers.append(
                    await Consumer.start(broker, queue, handler, prefetch=prefetch, passing=PASSING)
                )
            log.info("ready", pid=os.getpid(), shards=shards)
            await stop.wait()
        finally:
            await asyncio.gather(*(consumer.stop() for consumer in consumers))

    def _carefully(self, handler: Handler, end: Handler | None = None) -> Handler:
        """Try a message so often and no more; then `end` what it has begun, and put it aside.

        By us and not by the broker, which would not say why, and would keep whole what may hold a secret.
        """

        async def handle(delivery: Delivery) -> None:
            try:
                await self._turn_away(delivery, end)
                await handler(delivery)
            except ParkError as reason:
                await self._performer.post.park(delivery, delivery.body, str(reason))

        return handle

    async def _turn_away(self, delivery: Delivery, end: Handler | None) -> None:
        """Raise ParkError for what is too long to be read, and for what was tried often enough, which is ended."""
        if len(delivery.body) > LARGEST_BODY:
            raise ParkError(f"longer than {LARGEST_BODY} bytes")
        if delivery.attempts < MOST_ATTEMPTS:
            return
        try:
            if end:
                await end(delivery)
        except (ParkError, *PASSING):
            raise
        except Exception:  # the fault may well be met here too, and the message is put aside all the same
            log.exception("end_failed", key=delivery.routing_key)
        raise ParkError(f"given up after {delivery.attempts} attempts")

    async def on_command(self, delivery: Delivery) -> None:
        """Take one command."""
        try:
            command = _read(delivery)
        except InvalidCommandError as error:
            await self._refuse(delivery, str(error))
            return
        structlog.contextvars.bind_contextvars(station=command.station, command_id=command.id)
        await self._performer.command(command, delivery.body, delivery.reply_to)

    async def on_batch(self, delivery: Delivery) -> None:
        """Take a batch of records: each station's in their order, a bad one without harm to the others."""
        if delivery.routing_key == EXPIRED_KEY:
            await self._on_expired(await self._records(delivery, link.TO_GATEWAY))
            return
        if delivery.routing_key == GUARD_KEY:
            await self._on_guards(delivery)
            return
        stations: dict[str, list[link.ToWorkers]] = {}
        for record in await self._records(delivery, link.TO_WORKERS):
            stations.setdefault(record.station, []).append(record)
        handled = (self._on_records(delivery, records) for records in stations.values())
        outcomes = await asyncio.gather(*handled, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # the whole batch comes again, and what was done is not done twice

    async def _records(self, delivery: Delivery, decoder: Decoder[Record]) -> list[Record]:
        """Read the records of a batch; those that cannot be read are put aside."""
        try:
            raws = link.split(delivery.body)
        except UNREADABLE as error:
            raise ParkError(f"not a batch of records: {fault(error)}") from None
        records = []
        for raw in raws:
            try:
                record = decoder.decode(raw)
                wrong = None if record.v == link.VERSION else f"its version is not {link.VERSION}"
            except UNREADABLE as error:
                wrong = fault(error)
            if wrong is None:
                records.append(record)
            else:
                log.error("record_unreadable", error=wrong)
                await self._performer.post.park(delivery, link.join([bytes(raw)]), f"no record: {wrong}")
        return records

    async def _on_expired(self, orders: list[link.ToGateway]) -> None:
        """Take orders that no gateway took in time: the stations have not seen them."""
        for order in orders:
            if isinstance(order, link.Call | link.Withdraw) and order.owner == OWNER:
                await self._performer.decision(unsent(order, now().timestamp()))

    async def _on_guards(self, delivery: Delivery) -> None:
        for guard, error in await self._guards.rested(await self._records(delivery, GUARD)):
            log.error("guard_failed", station=guard.station, command_id=guard.command_id, exc_info=error)
            fallen = f"a worker's fault: {type(error).__name__}"
            await self._performer.post.park(delivery, link.join([link.encode(guard)]), fallen)

    async def _on_records(self, delivery: Delivery, records: list[link.ToWorkers]) -> None:
        first = records[0]
        structlog.contextvars.bind_contextvars(station=first.station, epoch=getattr(first, "epoch", None))
        for record in records:
            await self._on_record(delivery, record)

    async def _on_record(self, delivery: Delivery, record: link.ToWorkers) -> None:
        performer = self._performer
        try:
            decision = decide(record, performer.table, performer.house, now().timestamp())
            if isinstance(record, link.Called) and isinstance(decision.answer, link.Refuse):
                why = decision.answer.description
                log.warning("call_refused", action=record.action, code=decision.answer.code, why=why)
            await performer.decision(decision)
        except PASSING:
            raise
        except Exception as error:
            log.exception("record_failed", kind=type(record).__name__)
            fallen = f"a worker's fault: {type(error).__name__}"
            await performer.post.park(delivery, link.join([link.encode(record)]), fallen)
            if isinstance(record, link.Called):
                await performer.decision(refusal(record, ErrorCode.INTERNAL_ERROR, ""))

    async def _refuse(self, delivery: Delivery, detail: str) -> None:
        """End an invalid command with an event, as far as it can be told whose it is; else park it."""
        whose = claim(delivery.body)
        if whose is None:
            raise ParkError(f"no command: {detail}")
        if await self._performer.memory.find(whose.station, whose.command_id):
            raise ParkError(f"another command under the id of one that is known: {detail}")
        log.warning("command_invalid", station=whose.station, command_id=whose.command_id, detail=detail)
        await self._tell(refused(whose, delivery.body, detail, now()), delivery)

    async def _end(self, delivery: Delivery) -> None:
        """End a command that has failed too often, unless it is on record: then its deadline ends it."""
        whose = claim(delivery.body)
        if whose is None or await self._performer.memory.find(whose.station, whose.command_id):
            return
        log.error("command_given_up", station=whose.station, command_id=whose.command_id)
        event = given_up(whose, now())
        try:
            await self._performer.end(event, _reply_to(delivery))
        except PASSING:
            raise
        except Exception:  # the fault may well be met here too, and the event goes out all the same
            log.exception("end_unrecorded")
            await self._tell(event, delivery)

    async def _tell(self, event: CommandSettled, delivery: Delivery) -> None:
        await self._performer.post.tell(letters((event,)), _reply_to(delivery))


def _reply_to(delivery: Delivery) -> str | None:
    return delivery.reply_to if _may_reply(delivery) else None


def _may_reply(delivery: Delivery) -> bool:
    return delivery.reply_to is None or _REPLY_TO.fullmatch(delivery.reply_to) is not None


def _read(delivery: Delivery) -> Command:
    if not _may_reply(delivery):
        raise InvalidCommandError("reply_to: must be 1 to 100 of the characters a-z A-Z 0-9 . _ -")
    command = read_command(delivery.body)
    if command.due > now() + FURTHEST:
        raise InvalidCommandError("deadline: is more than 8 days from now")
    if isinstance(command, CustomerInformation) and command.report and not delivery.reply_to:
        raise InvalidCommandError("reply_to: is required, because a customer's data goes nowhere else")
    return command
