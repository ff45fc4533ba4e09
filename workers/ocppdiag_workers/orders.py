"""Orders to gateways: the CALL of an operation's turn, or the wish to take another's back."""

from dataclasses import dataclass

from msgspec import Raw, Struct
from pydantic import ValidationError

from ocppdiag_amqp import UnroutableError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import explain
from ocppdiag_contracts.topology import OWNER
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_redis import Directory
from ocppdiag_workers import lifecycle
from ocppdiag_workers.decide import Table
from ocppdiag_workers.feature import Ask, House, NotAskableError, Withdraw
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation, State
from ocppdiag_workers.post import Post


@dataclass(frozen=True, slots=True)
class Orders:
    """Sends them; keeps nothing."""

    memory: Memory
    post: Post
    directory: Directory
    table: Table
    house: House

    async def send(self, operation: Operation, now: float) -> str | None:
        """Order the CALL of its turn, again if need be; say why the station cannot be asked, if so.

        Done twice it changes nothing: the gateway knows an order by its message id. Raises UnconfirmedError.
        """
        if operation.due <= now:
            return "expired"
        if operation.node is None:
            return "gone" if await self.directory.knows(operation.station) else lifecycle.UNKNOWN_STATION
        try:
            ask = self.table.works[operation.name].ask(operation, self.house)
        except UnknownActionError:
            return lifecycle.UNSUPPORTED_VERSION
        except ValidationError as error:
            return f"{lifecycle.UNSUPPORTED_VERSION}: {explain(error)}"
        except NotAskableError as error:
            return error.reason
        if isinstance(ask, Withdraw):
            return await self._withdraw(operation, ask, now)
        return await self._order_from(operation.node, self._call(operation, ask, now))

    async def _order_from(self, node: str, order: Struct) -> str | None:
        try:
            await self.post.order(node, order)
        except UnroutableError:  # the node is gone, and the order was stored nowhere
            return "gone"
        return None

    def _call(self, operation: Operation, ask: Ask, now: float) -> link.Call:
        return link.Call(
            station=operation.station,
            epoch=operation.epoch,
            at=now,
            message_id=operation.message_id,
            action=ask.action,
            payload=Raw(ask.request.to_wire()),
            owner=OWNER,
            tag=operation.tag,
            expires_at=operation.due,
            timeout=self.house.call_timeout,
        )

    async def _withdraw(self, operation: Operation, ask: Withdraw, now: float) -> str | None:
        """Have the gateway that holds a command's CALL take it out of its queue."""
        found = await self.memory.find(operation.station, ask.command_id)
        if found is None:
            return lifecycle.UNKNOWN_COMMAND
        target = found.operation
        if (
            target.state is not State.QUEUED
            or target.turn
            or target.node is None
            or target.name == operation.name
        ):
            return lifecycle.TOO_LATE
        order = link.Withdraw(
            station=target.station,
            epoch=target.epoch,
            at=now,
            message_id=target.message_id,
            action=target.name,
            owner=OWNER,
            tag=operation.tag,
        )
        return await self._order_from(target.node, order)
