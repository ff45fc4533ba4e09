"""What does things together, on memory and a post in the test's own process, and the order in which it has done them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from machine_memory import STORE, Clock, MemoryDouble
from msgspec import Struct
from msgspec.structs import replace
from operations import STATION, TABLE, begun, called

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CommandModel, GetLog
from ocppdiag_workers import news
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.feature import Inform
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.operation import Operation
from ocppdiag_workers.post import Post
from ocppdiag_workers.records import Change, Name, Remembered
from ocppdiag_workers.together import Taken, Together

LOG = GetLog(id="c1", station=STATION)
SENT = news.Sent(1.0, 0, (1, 1))
HEARTBEAT = called("Heartbeat", {})
CONNECTOR = called(
    "StatusNotification",
    {"timestamp": "2026-01-31T12:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1},
)


class Diary(MemoryDouble):
    """Memory that writes down in which order it is asked for what."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.done: list[str] = []

    async def commit_all(self, changes: Sequence[Change], now: float) -> list[bool]:
        self.done += [f"commit {change.operation.id}" for change in changes]
        return await super().commit_all(changes, now)

    async def mark_all_sent(self, told: Sequence[tuple[Operation, tuple[Letter, ...]]]) -> None:
        self.done += [f"mark {operation.id}" for operation, _ in told]
        await super().mark_all_sent(told)

    async def none_wakes(self, names: Sequence[Name]) -> None:
        self.done += [f"rest {command_id}" for _, command_id in names]
        await super().none_wakes(names)


class Letterbox(Post):
    """Takes events and orders, or fails at those that it is told to."""

    def __init__(self, done: list[str]) -> None:
        self.done = done
        self.fails: dict[str, Exception] = {}
        self.slow: dict[str, asyncio.Event] = {}

    async def tell(self, letters: tuple[Letter, ...], reply_to: str | None = None) -> None:
        await asyncio.sleep(0)
        for each in letters:
            if each.event in self.slow:
                await self.slow[each.event].wait()
            if each.event in self.fails:
                raise self.fails[each.event]
            self.done.append(f"tell {each.event}" + (f" to {reply_to}" if reply_to else ""))

    def order(self, node: str, order: Struct) -> "asyncio.Future[None]":
        assert isinstance(order, link.Answer | link.Refuse)
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if order.message_id in self.fails:
            confirmed.set_exception(self.fails[order.message_id])
        else:
            self.done.append(f"answer {order.message_id} at {node}")
            confirmed.set_result(None)
        return confirmed


class Hands:
    """What does things together, and all that it has done, in order."""

    def __init__(self, memory: Diary | None = None) -> None:
        self.memory = memory or Diary()
        self.done = self.memory.done
        self.post = Letterbox(self.done)
        self.together = Together(self.memory, self.post, TABLE)

    def keep(self, command: CommandModel = LOG, **changed: Any) -> Operation:  # noqa: ANN401 (an operation's fields)
        """Have an operation that nothing is left to do for."""
        operation = replace(begun(command), **{"store": STORE, **changed})
        self.memory.kept.operations[command.id] = Remembered(operation, 1)
        if operation.family is not None:
            self.memory.kept.requests[operation.family, operation.request_id] = command.id
        return operation

    async def take(self, *decisions: Decision) -> list[Taken]:
        """Take all of them."""
        taken = [each for each in await self.together.take(decisions) if each]
        assert len(taken) == len(decisions)
        return taken

    def now(self, command_id: str = "c1") -> Operation:
        return self.memory.kept.operations[command_id].operation


def of(item: news.News, tag: str = "c1") -> Decision:
    return Decision(STATION, (Inform(item, tag),))
