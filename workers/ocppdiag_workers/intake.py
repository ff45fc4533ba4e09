"""Read what comes from the broker, decide and perform; the consumer settles the message when this has returned."""

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import TypeVar

import structlog
from msgspec.json import Decoder

from ocppdiag_amqp import Broker, Consumer, Delivery, Handler, ParkError
from ocppdiag_contracts import link
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
from ocppdiag_workers import metrics
from ocppdiag_workers.allow_list import AllowList
from ocppdiag_workers.decide import Decision, decide, refusal, unsent
from ocppdiag_workers.guard import GUARD, Guard
from ocppdiag_workers.guards import Guards
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.reception import Reception
from ocppdiag_workers.trouble import PASSING, passes
from ocppdiag_workers.withheld import fault

log = structlog.get_logger()

Record = TypeVar("Record", link.ToWorkers, link.ToGateway, Guard)

MOST_ATTEMPTS = DELIVERY_LIMIT - 2
"""A message that failed this often is tried no more. Two deliveries are left for putting it aside: what has us fall may
be another message, and what the broker itself dead-letters stays whole."""


class Intake:
    """The consumers of one worker."""

    def __init__(self, performer: Performer, allow_list: AllowList) -> None:
        self._performer = performer
        self._reception = Reception(performer, allow_list)
        self._guards = Guards(performer)
        self.missing: str | None = "It takes no messages yet."
        """Why it does not work, in a sentence."""

    async def run(self, broker: Broker, *, shards: int, prefetch: int, stop: asyncio.Event) -> None:
        """Consume until told to stop, then finish what was begun."""
        table = self._performer.table
        batches = self._carefully(self.on_batch)
        commands = self._carefully(self._reception.take, self._reception.give_up)
        wanted = [(diagnostics_queue(shard, tuple(table.hears)), batches) for shard in range(shards)]
        wanted.append((commands_queue(tuple(table.works)), commands))
        consumers: list[Consumer] = []
        try:
            for queue, handler in wanted:
                consumers.append(
                    await Consumer.start(broker, queue, handler, prefetch=prefetch, passing=PASSING)
                )
            self.missing = None
            log.info("ready", pid=os.getpid(), shards=shards)
            await stop.wait()
            self.missing = "It is stopping."
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
        """Raise ParkError for what cannot be read, or is too long to be, and for what was tried often enough: that is ended."""
        if not delivery.readable:
            raise ParkError("its properties cannot be read")
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

    async def on_batch(self, delivery: Delivery) -> None:
        """Take a batch of records: each station's in their order, a bad one without harm to the others."""
        if delivery.routing_key == EXPIRED_KEY:
            await self._on_expired(await self._records(delivery, link.TO_GATEWAY))
            return
        if delivery.routing_key == GUARD_KEY:
            await self._on_guards(delivery)
            return
        stations: dict[str, list[link.ToWorkers]] = {}
        records = await self._records(delivery, link.TO_WORKERS)
        metrics.came(records, time.time())
        for record in records:
            stations.setdefault(record.station, []).append(record)
        first = [several[0] for several in stations.values()]
        await _through(
            self._on_single([record for record in first if len(stations[record.station]) == 1], delivery),
            *(self._on_records(delivery, several) for several in stations.values() if len(several) > 1),
        )
        metrics.taken(records)  # once, however often it was tried

    async def _on_single(self, records: list[link.ToWorkers], delivery: Delivery) -> None:
        """Take one record of each of several stations: together, and where that fails, each by itself once more."""
        try:
            await self._performer.decisions([self._decided(record) for record in records])
        except Exception as error:
            if passes(error):
                raise
            # One of them is at fault, or Redis refuses what it asks for: what was done for the others is not done twice.
            log.warning("batch_taken_apart", error=type(error).__name__, records=len(records))
            await _through(*(self._on_records(delivery, [record]) for record in records))

    async def _records(self, delivery: Delivery, decoder: Decoder[Record]) -> list[Record]:
        """Read the records of a batch; those that cannot be read are put aside."""
        try:
            raws = link.split(delivery.body)
        except link.UNREADABLE as error:
            raise ParkError(f"not a batch of records: {fault(error)}") from None
        records = []
        for raw in raws:
            try:
                record = decoder.decode(raw)
                wrong = None if record.v == link.VERSION else f"its version is not {link.VERSION}"
            except link.UNREADABLE as error:
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
                await self._performer.decision(unsent(order, time.time()))

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
            await performer.decision(self._decided(record))
        except PASSING:
            raise
        except Exception as error:
            log.exception("record_failed", kind=type(record).__name__)
            fallen = f"a worker's fault: {type(error).__name__}"
            await performer.post.park(delivery, link.join([link.encode(record)]), fallen)
            if isinstance(record, link.Called):
                await performer.decision(refusal(record, ErrorCode.INTERNAL_ERROR, ""))

    def _decided(self, record: link.ToWorkers) -> Decision:
        decision = decide(record, self._performer.table, self._performer.house, time.time())
        if isinstance(record, link.Called) and isinstance(decision.answer, link.Refuse):
            why = decision.answer.description
            log.warning(
                "call_refused",
                station=record.station,
                epoch=record.epoch,
                action=record.action,
                code=decision.answer.code,
                why=why,
            )
        return decision


async def _through(*parts: Coroutine[None, None, None]) -> None:
    """Have all parts of a batch handled; raises the first error: then the whole comes again, and nothing is done twice."""
    for outcome in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
