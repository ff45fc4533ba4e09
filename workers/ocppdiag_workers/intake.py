"""Read what comes from the broker, decide and perform; the consumer settles the message when this has returned."""

import asyncio
import os
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid5

import msgspec
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
from ocppdiag_contracts.events import LONGEST_CLAIMED_STATION, CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import EXPIRED_KEY, OWNER, commands_queue, diagnostics_queue
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_workers.decide import decide, refusal, unsent
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.withheld import is_secret, stub

log = structlog.get_logger()

PASSING = (RedisError, OSError, BrokerError)
"""Trouble that passes: what met it is tried again, however long it takes."""

FURTHEST = CommandModel.LONGEST_TIME + timedelta(days=1)
"""How far a deadline may lie ahead of our own clock."""

_COMMAND_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REPLY_TO = re.compile(r"[A-Za-z0-9._-]{1,100}")
_INVALID = UUID("5f0c1d0e-3c0b-5d0a-9b1e-0c9a7d2f4e11")
"""Names the events of invalid commands apart from each other."""


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
                    broker, queue, self._discreetly(self.on_batch), prefetch=prefetch, passing=PASSING
                )
                exits.push_async_callback(consumer.stop)
            commands = commands_queue(tuple(table.works))
            consumer = await Consumer.start(
                broker, commands, self._discreetly(self.on_command), prefetch=prefetch, passing=PASSING
            )
            exits.push_async_callback(consumer.stop)
            log.info("ready", pid=os.getpid(), shards=shards)
            await stop.wait()

    def _discreetly(self, handler: Handler) -> Handler:
        """Put a message that nobody can handle aside as a stub, if it may hold a secret: the broker would keep it whole."""

        async def handle(delivery: Delivery) -> None:
            try:
                await handler(delivery)
            except PASSING:
                raise
            except Exception as error:
                if not is_secret(delivery.body):
                    raise
                log.exception("message_withheld", key=delivery.routing_key)
                reason = str(error) if isinstance(error, ParkError) else type(error).__name__
                await self._performer.post.park(stub(delivery.body, reason), "withheld")

        return handle

    async def on_command(self, delivery: Delivery) -> None:
        """Take one command."""
        try:
            command = _read(delivery)
        except InvalidCommandError as error:
            reply_to = delivery.reply_to if _may_reply(delivery) else None
            await self._refuse(delivery.body, reply_to, str(error))
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
            await performer.decision(decide(record, performer.table, performer.house, now().timestamp()))
        except PASSING:
            raise
        except Exception as error:
            log.exception("record_failed", kind=type(record).__name__)
            await self._park(link.join([link.encode(record)]), type(error).__name__)
            if isinstance(record, link.Called):
                await performer.decision(refusal(record, ErrorCode.INTERNAL_ERROR, ""))

    async def _park(self, body: bytes, reason: str) -> None:
        await self._performer.post.park(stub(body, reason) if is_secret(body) else body, "station")

    async def _refuse(self, body: bytes, reply_to: str | None, detail: str) -> None:
        """End an invalid command with an event, as far as it can be told whose it is; else park it."""
        try:
            claimed = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            command_id = msgspec.json.decode(claimed["id"], type=str)
            station = msgspec.json.decode(claimed["station"], type=str)
        except (DecodeError, ValidationError, KeyError, ValueError):
            raise ParkError(f"no command: {detail}") from None
        if not _COMMAND_ID.fullmatch(command_id) or len(station.encode()) > LONGEST_CLAIMED_STATION:
            raise ParkError(f"no command: {detail}")
        if await self._performer.memory.find(station, command_id):
            raise ParkError(f"another command under the id of one that is known: {detail}")
        event = CommandSettled(
            id=f"{station}/{command_id}/invalid/{uuid5(_INVALID, body.hex())}",
            time=now(),
            station=station,
            command_id=command_id,
            command=None,
            outcome=Outcome.REJECTED,
            failure=Failure.INVALID_COMMAND,
            retry=Failure.INVALID_COMMAND.retry,
            detail=detail[:1000],
        )
        log.warning("command_invalid", station=station, command_id=command_id, detail=detail)
        await self._performer.post.tell((event,), reply_to)


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
