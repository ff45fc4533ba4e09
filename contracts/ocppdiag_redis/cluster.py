"""The way to a Redis Cluster: a line to each primary, and each command on the line to the one that has its slot."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from ocppdiag_redis.address import Node
from ocppdiag_redis.line import Command, Line

PAUSES = (0.0, 0.0, 0.05, 0.1, 0.2)
"""Before a command goes out again that was sent elsewhere, or met a slot on the move (seconds)."""

_REFUSED = (AskError, TryAgainError, ClusterDownError)
"""What a node answers that has done nothing; a MovedError is an AskError."""


class Cluster:
    """Knows which node has which slot until one says otherwise, or is out of reach."""

    def __init__(self, seeds: Sequence[Node], line: Callable[[Node], Line]) -> None:
        self._seeds = tuple(seeds)
        self._line = line
        self._lines: dict[Node, Line] = {}
        self._homes: dict[int, Node] = {}
        self._current = False
        """Whether nothing speaks against what is known."""
        self._doubtful: set[Node] = set()
        """Those that were out of reach."""
        self._learning = asyncio.Lock()
        self._closed = 0

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._closed + sum(line.connections for line in self._lines.values())

    @property
    def usable(self) -> bool | None:
        """Whether each primary has answered its last pipeline; None before the first."""
        said = [line.usable for line in self._lines.values() if line.usable is not None]
        return all(said) if said else None

    async def servers(self) -> tuple[Line, ...]:
        """Return the lines to all primaries."""
        await self._learn()
        return tuple(self._line_to(node) for node in sorted(set(self._homes.values())))

    async def aclose(self) -> None:
        """Finish what is under way, as far as the servers answer within 2 s, and close."""
        await self._close(tuple(self._lines))

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        """Send commands with the next pipelines of their nodes, and return all replies, errors of single commands too.

        Raises redis.exceptions.RedisError, when the others have run, where a node or all is out of reach.
        """
        replies: list[Any] = [None] * len(commands)
        left: Sequence[int] = range(len(commands))
        await self._learn()
        for pause in PAUSES:
            if pause:
                await asyncio.sleep(pause)
            await self._ask(commands, left, replies)
            left = [index for index in left if isinstance(replies[index], _REFUSED)]
            if not left:
                return replies
        raise RedisConnectionError(f"the cluster does not take it now: {type(replies[left[0]]).__name__}")

    async def _ask(self, commands: Sequence[Command], left: Sequence[int], replies: list[Any]) -> None:
        """Ask once more for those that are left, each where its last reply sends it."""
        groups: dict[Node, list[int]] = {}
        for index in left:
            groups.setdefault(self._target(commands[index], replies[index]), []).append(index)
        outcomes = await asyncio.gather(
            *(self._ask_node(node, commands, group, replies) for node, group in groups.items()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _ask_node(
        self, node: Node, commands: Sequence[Command], group: Sequence[int], replies: list[Any]
    ) -> None:
        asking = {index for index in group if _is_ask(replies[index])}
        sent: list[Command] = []
        for index in group:
            sent += [("ASKING",), commands[index]] if index in asking else [commands[index]]
        try:
            answers = iter(await self._line_to(node).ask(sent))
        except RedisError:
            self._doubtful.add(node)
            self._current = False
            raise
        self._doubtful.discard(node)
        for index in group:
            if index in asking:
                next(answers)
            replies[index] = reply = next(answers)
            if isinstance(reply, MovedError):
                self._homes[reply.slot_id] = Node(reply.host or node.host, reply.port)
            if isinstance(reply, MovedError | ClusterDownError):
                self._current = False

    def _target(self, command: Command, last: object) -> Node:
        if isinstance(last, AskError) and _is_ask(last):
            return Node(last.host, last.port)
        slot = slot_of(command)
        try:
            return self._homes[slot]
        except KeyError:
            self._current = False
            raise RedisConnectionError(f"no node has slot {slot}") from None

    def _line_to(self, node: Node) -> Line:
        if node not in self._lines:
            self._lines[node] = self._line(node)
        return self._lines[node]

    async def _learn(self) -> None:
        """Ask any node who has what, unless that is known."""
        if self._current:
            return
        async with self._learning:
            if self._current:
                return
            self._homes = await self._learned()
            self._current = True
            await self._close(self._lines.keys() - set(self._homes.values()))

    async def _learned(self) -> dict[int, Node]:
        """Ask in no order, so that nobody is left with one that is wrong; those that were out of reach come last."""
        every = {*self._lines, *self._seeds}
        error: RedisError = RedisConnectionError("no node of the cluster answers")
        for node in sorted(every, key=lambda node: (node in self._doubtful, random.random())):  # noqa: S311 (no secret)
            try:
                (reply,) = await self._line_to(node).ask([("CLUSTER", "SLOTS")])
            except RedisError as trouble:
                error = trouble
                self._doubtful.add(node)
                continue
            self._doubtful.discard(node)
            if isinstance(reply, RedisError):
                error = reply
            elif homes := dict(homes_in(reply, node)):
                return homes
        raise RedisConnectionError(f"no node says who has what: {error}") from error

    async def _close(self, nodes: "Sequence[Node] | set[Node]") -> None:
        lines = [self._lines.pop(node) for node in nodes]
        self._closed += sum(line.connections for line in lines)
        await asyncio.gather(*(line.aclose() for line in lines))


def slot_of(command: Command) -> int:
    """Return the slot of a command's first key, and some slot where it has none."""
    place = 3 if command[0] in ("EVALSHA", "EVAL") else 1
    if len(command) <= place:
        return 0
    key = command[place]
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode(), REDIS_CLUSTER_HASH_SLOTS))


def homes_in(slots: Any, asked: Node) -> Iterator[tuple[int, Node]]:  # noqa: ANN401 (Redis)
    """Read a reply to CLUSTER SLOTS: who has each slot. A node that does not know its own name is the asked one."""
    for first, last, (host, port, *_), *_ in slots:
        home = Node(host.decode() if host else asked.host, int(port))
        yield from ((slot, home) for slot in range(int(first), int(last) + 1))


def _is_ask(reply: object) -> bool:
    return isinstance(reply, AskError) and not isinstance(reply, MovedError)
