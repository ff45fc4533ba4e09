"""Read what comes from the broker, decide and perform; the consumer settles the message when this has returned."""

import asyncio
import os
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import NoReturn

import structlog
from msgspec import DecodeError, ValidationError
from redis.exceptions import RedisError

from ocppdiag_amqp import Broker, BrokerError, Consumer, Delivery, Handler, ParkError
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
from ocppdiag_contracts.topology import DELIVERY_LIMIT, EXPIRED_KEY, OWNER, commands_queue, diagnostics_queue
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_workers.decide import decide, refusal, unsent
from ocppdiag_workers.letters import letters
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.unbegun import claim, given_up, refused
from ocppdiag_workers.withheld import is_secret, stub

log = structlog.get_logger()

PASSING = (RedisError, OSError, BrokerError)
"""Trouble that passes: what met it is tried again, however long it takes."""

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

    async def run(self, broker: Broker, *, shards: int, prefetch: int, stop: asyncio.Event) -> None:
        """Consume until told to stop, then finish what was begun."""
        table = self._performer.table
        async with AsyncExitStack() as exits:
            queues = [diagnostics_queue(shard, tuple(table.hears)) for shard in range(shards)]
            for queue in queues:
                consumer = await Consumer.start(
                    broker, queue, self._carefully(self.on_batch), prefetch=prefetch, passing=PASSING
                )
                exits.push_async_callback(consumer.stop)
            commands = commands_queue(tuple(table.works))
            consumer = await Consumer.start(
                broker,
                commands,
                self._carefully(self.on_command, self._end),
                prefetch=prefetch,
                passing=PASSING,
            )
            exits.push_async_callback(consumer.stop)
            log.info("ready", pid=os.getpid(), shards=shards)
            await stop.wait()

    def _carefully(self, handler: Handler, end: Handler | None = None) -> Handler:
        """Try a message so often and no more; then `end` what it has begun, and put it aside.

        What may hold a secret is put aside as a stub: the broker would keep it whole.
        """

        async def handle(delivery: Delivery) -> None:
            try:
                if delivery.attempts >= MOST_ATTEMPTS:
                    await self._give_up(delivery, end)
                await handler(delivery)
            except ParkError as reason:
                if not is_secret(delivery.body):
                    raise
                log.warning("message_withheld", key=delivery.routing_key, reason=str(reason))
                await self._performer.post.park(stub(delivery.body, str(reason)), "withheld")

        return handle

    async def _give_up(self, delivery: Delivery, end: Handler | None) -> NoReturn:
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
            await self._on_expired(delivery.body)
            return
        try:
            raws = link.split(delivery.body)
        except (DecodeError, ValidationError) as error:
            raise ParkError(f"not a batch of records: {error}") from None
        stations: dict[str, list[link.ToWorkers]] = {}
        for raw in raws:
            try:
                record = link.TO_WORKERS.decode(raw)
            except (DecodeError, ValidationError) as error:
                log.error("record_unreadable", error=str(error))  # noqa: TRY400 (its text says all)
                await self._park(link.join([bytes(raw)]), "unreadable")
            else:
                stations.setdefault(record.station, []).append(record)
        outcomes = await asyncio.gather(*map(self._on_records, stations.values()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # the whole batch comes again, and what was done is not done twice

    async def _on_expired(self, body: bytes) -> None:
        """Take orders that no gateway took in time: the stations have not seen them."""
        for raw in link.split(body):
            order = link.TO_GATEWAY.decode(raw)
            if isinstance(order, link.Call | link.Withdraw) and order.owner == OWNER:
                await self._performer.decision(unsent(order, now().timestamp()))

    async def _on_records(self, records: list[link.ToWorkers]) -> None:
        first = records[0]
        structlog.contextvars.bind_contextvars(station=first.station, epoch=getattr(first, "epoch", None))
        for record in records:
            await self._on_record(record)

    async def _on_record(self, record: link.ToWorkers) -> None:
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
            await self._park(link.join([link.encode(record)]), type(error).__name__)
            if isinstance(record, link.Called):
                await performer.decision(refusal(record, ErrorCode.INTERNAL_ERROR, ""))

    async def _park(self, body: bytes, reason: str) -> None:
        await self._performer.post.park(stub(body, reason) if is_secret(body) else body, "station")

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
        if whose and not await self._performer.memory.find(whose.station, whose.command_id):
            log.error("command_given_up", station=whose.station, command_id=whose.command_id)
            await self._tell(given_up(whose, now()), delivery)

    async def _tell(self, event: CommandSettled, delivery: Delivery) -> None:
        reply_to = delivery.reply_to if _may_reply(delivery) else None
        await self._performer.post.tell(letters((event,)), reply_to)


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
