"""What the machine does with workers, gateways, time and the end, and where it does it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis.stateful import RuleBasedStateMachine
from machine_checks import Checks
from machine_memory import STATION, Clock
from machine_station import Asked, Says, answer
from machine_worker import HOUSE, TABLE, Fallen, Life, Trouble, performer
from machine_world import Connection, Message, Node, Untaken, Wish, World

from ocppdiag_contracts.commands import Command
from ocppdiag_redis import Directory
from ocppdiag_workers.decide import decide, unsent
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.guards import Guards
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.trouble import PASSING

T = TypeVar("T")

RENEW_SECONDS = 10.0
MOST_COMMANDS = 10
MOST_LIVES = 2
VERSION = "ocpp2.0.1"
LONGEST_END = 600.0


class Backend(Protocol):
    """Where the operations lie, and what may befall all of it."""

    @property
    def memory(self) -> Memory: ...

    @property
    def directory(self) -> Directory: ...

    async def pass_time(self, seconds: float) -> None: ...

    async def wipe(self) -> None: ...

    async def alarms(self) -> dict[str, float]: ...

    async def begun(self) -> dict[str, float]: ...

    async def close(self) -> None: ...


class Hands(RuleBasedStateMachine):
    """A machine without rules: one station, two gateways, any number of workers."""

    def backend(self, clock: Clock) -> Backend:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.kept = self.do(self._open())
        self.world = World(self.clock)
        self.checks = Checks(self.world, self.kept.memory)
        self.wishes: list[Wish] = []
        self.lives: list[tuple[Life, Message | None, bool]] = []
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(time, "time", lambda: self.clock.now)
        for module in ("guards", "perform"):
            self.patch.setattr(f"ocppdiag_workers.{module}.now", lambda: self._in(0))

    async def _open(self) -> Backend:
        return self.backend(self.clock)

    def do(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def _in(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC) + timedelta(seconds=seconds)

    def _wish(self, kind: Callable[..., Command], lasts: float, more: dict[str, Any]) -> None:
        if len(self.wishes) >= MOST_COMMANDS:
            return
        times = {"time": self._in(0), "deadline": self._in(lasts)}
        command = kind(id=f"c{len(self.wishes)}", station=STATION, **times, **more)
        self.wishes.append(Wish(command, "r1"))
        self.world.messages.append(self.wishes[-1])

    def _connect(self, node: Node) -> None:
        self.clock.now += 0.001  # no two connections begin in the same microsecond
        lease, _ = self.do(self.kept.directory.acquire(STATION, node.name, "c", VERSION))
        self.world.connect(node, lease)

    def _end(self, connection: Connection) -> None:
        self.world.end(connection)
        self.do(self.kept.directory.release(connection.lease))

    def _answer(self, asked: Asked, how: str) -> None:
        if how == "accepted":
            self.checks.accepted.add(self.world.tags[asked.message_id])
        self.world.station.answered.add(asked.message_id)
        self.world.says(answer(asked, how))

    def _calls(self, says: Says) -> None:
        if self.world.socket and self.world.station.may_call(self.clock.now):
            self.world.says(self.world.station.calls(says, self.clock.now))

    def _take(self, node: Node) -> None:
        if node.alive and not node.hung:
            self.world.take(node)

    def _taken(self, many: int) -> list[Message]:
        taken, self.world.messages = self.world.messages[:many], self.world.messages[many:]
        return taken

    def _work(self, message: Message, calls: int | None, trouble: Trouble | None, *, again: bool) -> None:
        if isinstance(message, Wish):
            self.checks.delivered(message.command.id)
        self._live(
            lambda hands: _handled(hands, message, self.clock.now), message, calls, trouble, again=again
        )

    def _one(self, which: int | None, calls: int | None) -> None:
        """Have a worker take one message, or what is due."""
        if which is None:
            self._ring(calls)
        elif self.world.messages:
            message = self.world.messages.pop(which % len(self.world.messages))
            self._work(message, calls, None, again=False)

    def _live(
        self,
        doing: Callable[[Performer], Coroutine[Any, Any, None]],
        message: Message | None,
        calls: int | None,
        trouble: Trouble | None,
        *,
        again: bool = False,
    ) -> None:
        life = Life(trouble)

        async def begin() -> None:
            life.start(doing(performer(self.kept.memory, self.kept.directory, self.world, life)))
            await life.go_on(None if len(self.lives) >= MOST_LIVES else calls)

        self.do(begin())
        self._after(life, message, again=again)

    def _after(self, life: Life, message: Message | None, *, again: bool) -> None:
        if not life.over:
            self.lives.append((life, message, again))
            return
        failure = life.failure
        if failure is not None and not isinstance(failure, (Fallen, *PASSING)):
            raise failure
        if message is not None and (failure is not None or again):
            self.world.messages.append(message)

    def _ring(self, calls: int | None = None, trouble: Trouble | None = None) -> int:
        now, due = self.do(self.kept.memory.claim_due())
        for number, (station, command_id) in enumerate(due):
            last = number == len(due) - 1
            self._live(
                lambda hands, station=station, command_id=command_id: hands.wake(station, command_id, now),  # type: ignore[misc]
                None,
                calls if last else None,
                trouble if last else None,
            )
        return len(due)

    async def _pass_time(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            chunk = min(left, RENEW_SECONDS)
            left -= chunk
            self.world.pass_time(chunk)
            await self.kept.pass_time(chunk)
            for connection in [each for each in self.world.connections if not each.node.hung]:
                if not await self.kept.directory.renew(connection.lease):
                    self.world.end(connection)

    def _gateways_go_on(self) -> None:
        for node in self.world.nodes.values():
            self.world.wake(node)

    def _settle_all(self) -> bool:
        """Handle what there is, for a while; return whether there was anything."""
        done = self._ring()
        for _ in range(6):
            for node in self.world.nodes.values():
                done += bool(node.queue or node.in_hands)
                self._take(node)
            for message in self._taken(len(self.world.messages)):
                before = len(self.world.messages)
                self._work(message, None, None, again=False)
                done += self.world.messages[before:] != [message]
        return bool(done)

    def _come_to_the_end(self) -> None:
        """Nothing goes wrong any more; wait for all deadlines."""
        self._gateways_go_on()
        for life, message, again in self.lives:
            self.do(life.go_on(None))
            self._after(life, message, again=again)
        self.lives = []
        self.checks.quiet_since = self.clock.now
        self._settle_all()
        while (next_in := self._next_in()) is not None:
            self.do(self._pass_time(next_in))
            self._settle_all()
            self.do(self.checks.at_every_step())
            assert self.clock.now < self.checks.quiet_since + 600, "it never comes to an end"

    def _next_in(self) -> float | None:
        """In how many seconds something is to be done; None when nothing is left to do."""
        times = [*self.do(self.kept.alarms()).values(), *(at for at, _ in self.world.resting)]
        times += [self.clock.now] * len(self.world.messages)
        return max(0.25, min(times) - self.clock.now) if times else None


async def _handled(hands: Performer, message: Message, now: float) -> None:
    match message:
        case Wish(command, reply_to):
            await hands.command(command, command.model_dump_json(exclude_none=True).encode(), reply_to)
        case Untaken(order):
            await hands.decision(unsent(order, now))
        case Guard():
            assert not await Guards(hands).rested([message])
        case _:
            await hands.decision(decide(message, TABLE, HOUSE, now))
