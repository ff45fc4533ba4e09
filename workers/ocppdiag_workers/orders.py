"""Orders to gateways: the CALL of an operation's turn, or the wish to take another's back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import Raw, Struct
from pydantic import ValidationError

from ocppdiag_amqp import UnroutableError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import explain
from ocppdiag_contracts.events import OpenCommand
from ocppdiag_contracts.topology import GATEWAY_MESSAGE_TTL_MS, OWNER
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_redis import Directory
from ocppdiag_workers import calls, news
from ocppdiag_workers.begin import as_open
from ocppdiag_workers.feature import Ask, House, Inform, ListOpen, NotAskableError, Withdraw
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation, State
from ocppdiag_workers.post import Post
from ocppdiag_workers.table import Table

Bring = Callable[[str, Inform], Awaitable[bool]]
"""Brings news to an operation of a station."""


TAKE_MARGIN = 5.0
"""So many seconds before the broker takes an order for untaken, no gateway takes it any more: clocks may differ by them."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Sends them; keeps nothing."""

    memory: Memory
    post: Post
    directory: Directory
    table: Table
    house: House

    async def send(self, operation: Operation, now: float, inform: Bring, *, again: bool) -> news.News | None:
        """Order the CALL of its turn, `again` if need be; return what comes of it at once, if anything does.

        Done twice it changes nothing: the gateway knows an order by its message id. `inform` brings news to another
        operation. Raises UnconfirmedError.
        """
        try:
            return await self._send(operation, now, inform, again=again)
        except NotAskableError as error:
            if again and operation.node and error.reason == "expired":
                return None  # what was ordered before may have reached the station: the deadline ends it
            if again and operation.node and error.reason == "gone":
                return news.Lost(now, operation.turn, operation.epoch)
            return news.Refused(now, error.reason, operation.turn, operation.epoch)

    async def _send(
        self, operation: Operation, now: float, inform: Bring, *, again: bool
    ) -> news.News | None:
        if operation.due <= now:
            raise NotAskableError("expired")
        work = self.table.works[operation.name]
        if work.asks_station and operation.node is None:
            there = await self.directory.knows(operation.station) or not await self.directory.rebuilt()
            raise NotAskableError("gone" if there else calls.UNKNOWN_STATION)
        try:
            ask = work.ask(operation, self.house)
        except UnknownActionError:
            raise NotAskableError(calls.UNSUPPORTED_VERSION) from None
        except ValidationError as error:
            raise NotAskableError(f"{calls.UNSUPPORTED_VERSION}: {explain(error)}") from None
        match ask:
            case Ask():
                await self._order_from(operation.node or "", self._call(operation, ask, now, again=again))
                return None
            case Withdraw(command_id):
                return await self._withdraw(operation, command_id, now, inform)
            case ListOpen():
                return news.Listed(now, await self._open(operation))

    async def _order_from(self, node: str, order: Struct) -> None:
        try:
            await self.post.order(node, order)
        except UnroutableError:  # the node is gone, and the order was stored nowhere
            raise NotAskableError("gone") from None

    async def _open(self, asking: Operation) -> tuple[OpenCommand, ...]:
        found = [
            await self.memory.find(asking.station, command_id)
            for command_id in await self.memory.open_operations(asking.station)
            if command_id != asking.id
        ]
        operations = [each.operation for each in found if each and not each.operation.ended]
        return tuple(map(as_open, sorted(operations, key=lambda each: (each.begun, each.id))))

    def _call(self, operation: Operation, ask: Ask, now: float, *, again: bool) -> link.Call:
        return link.Call(
            station=operation.station,
            epoch=operation.epoch,
            at=now,
            message_id=operation.message_id,
            action=ask.action,
            payload=Raw(ask.request.to_wire()),
            owner=OWNER,
            tag=operation.tag,
            take_by=now + GATEWAY_MESSAGE_TTL_MS / 1000 - TAKE_MARGIN,
            expires_at=operation.due,
            timeout=self.house.call_timeout,
            again=again,
            trace=operation.trace,
        )

    async def _withdraw(
        self, operation: Operation, command_id: str, now: float, inform: Bring
    ) -> news.News | None:
        """Take a command back that waits; else have the gateway that holds its CALL take that out of its queue."""
        target = await self._target(operation.station, command_id)
        if target.state is State.WAITING:
            await inform(target.station, Inform(news.Withdrawn(now, operation.id), target.id))
            target = await self._target(operation.station, command_id)
        if target.withdrawn_by == operation.id:
            return news.Answered(now, b"{}")
        if target.state is not State.QUEUED or target.turn or target.node is None:
            raise NotAskableError(calls.TOO_LATE)
        order = link.Withdraw(
            station=target.station,
            epoch=target.epoch,
            at=now,
            message_id=target.message_id,
            action=target.name,
            owner=OWNER,
            tag=operation.tag,
        )
        await self._order_from(target.node, order)
        return None

    async def _target(self, station: str, command_id: str) -> Operation:
        found = await self.memory.find(station, command_id)
        if found is None:
            raise NotAskableError(calls.UNKNOWN_COMMAND)
        return found.operation
