"""A worker with one thing in its hands: it stops before any call that it makes, fails at it, or falls over."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from redis.exceptions import ConnectionError as RedisConnectionError

from ocppdiag_amqp import Journal, Place, Take, UnconfirmedError
from ocppdiag_redis import Directory
from ocppdiag_workers.ends import Ends
from ocppdiag_workers.feature import House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.guard import Guard
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.post import Post
from ocppdiag_workers.table import Table

T = TypeVar("T")

HANGS_SECONDS = 20.0

HOUSE = House(upload_key=b"k" * 32)
TABLE = Table(FEATURES)


class Fallen(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Trouble:
    """What befalls a worker at its call of this number, before the call has done its work or after."""

    at: int
    after: bool
    falls: bool


class Broker(Protocol):
    """Where a worker publishes."""

    def tell(self, letter: Letter, reply_to: str | None) -> None: ...

    def order(self, node: str, order: Any) -> None: ...  # noqa: ANN401

    def guard(self, guard: Guard) -> None: ...

    @property
    def journal(self) -> dict[str, bytes]: ...


class Life:
    """One worker's life, from one message to the next."""

    def __init__(self, trouble: Trouble | None) -> None:
        self._trouble = trouble
        self._calls = 0
        self._under_way = 0
        self._budget: int | None = 0
        self._fallen = False
        self._task: asyncio.Task[None] | None = None

    def start(self, doing: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.create_task(doing)

    @property
    def over(self) -> bool:
        return self._task is None or self._task.done()

    @property
    def failure(self) -> BaseException | None:
        assert self._task
        return self._task.exception()

    async def go_on(self, calls: int | None) -> None:
        """Make so many more calls, or all."""
        self._budget = calls
        turns, until = 0, time.monotonic() + HANGS_SECONDS
        while not self.over and turns < 12:
            assert time.monotonic() < until, "it neither goes on nor ends"
            # A few turns of the loop in which nothing is called: it has stopped.
            turns = 0 if self._under_way or self._budget is None else turns + 1
            await asyncio.sleep(0)

    async def fall(self) -> None:
        """Be killed, wherever it is."""
        self._fallen = True
        await self.go_on(None)

    async def call(self, act: Callable[[], Awaitable[T]], trouble: type[Exception]) -> T:
        """Make a call, when it is time."""
        while self._budget == 0 and not self._fallen:  # noqa: ASYNC110 (turns are what is counted)
            await asyncio.sleep(0)
        if self._fallen:
            raise Fallen
        if self._budget is not None:
            self._budget -= 1
        number, self._calls = self._calls, self._calls + 1
        ours = self._trouble if self._trouble and self._trouble.at == number else None
        if ours and not ours.after:
            self._befall(ours, trouble)
        self._under_way += 1
        try:
            done = await act()
        finally:
            self._under_way -= 1
        if ours:
            self._befall(ours, trouble)
        return done

    def _befall(self, ours: Trouble, trouble: type[Exception]) -> None:
        if ours.falls:
            self._fallen = True
            raise Fallen
        raise trouble("by the test")


class _Watched:
    """Every call of a thing is one of the worker's."""

    def __init__(self, thing: object, life: Life, trouble: type[Exception]) -> None:
        self._thing, self._life, self._trouble = thing, life, trouble

    @property
    def origin(self) -> "_Watched":
        return _Watched(cast(Memory, self._thing).origin, self._life, self._trouble)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._thing, name)
        return lambda *given, **named: self._life.call(lambda: method(*given, **named), self._trouble)


class _WatchedPost(Post):
    def __init__(self, broker: Broker, life: Life) -> None:
        self._broker, self._life = broker, life

    async def tell(self, letters: tuple[Letter, ...], reply_to: str | None = None) -> None:
        for each in letters:
            await self._published(lambda each=each: self._broker.tell(each, reply_to))  # type: ignore[misc]

    def order(self, node: str, order: Any) -> "asyncio.Future[None]":  # noqa: ANN401
        return asyncio.ensure_future(self._published(lambda: self._broker.order(node, order)))

    def guard(self, guard: Guard, now: float) -> "asyncio.Future[None]":  # noqa: ARG002
        return asyncio.ensure_future(self._published(lambda: self._broker.guard(guard)))

    async def _published(self, publish: Callable[[], None]) -> None:
        async def act() -> None:
            publish()

        await self._life.call(act, UnconfirmedError)


class _Journal(Journal):
    def __init__(self, broker: Broker) -> None:
        self._played = broker

    async def read(self, start: float | Place, take: Take) -> Place:
        there = [*self._played.journal.items()]  # from whatever time on: all is kept
        for message_id, body in there[start.offset if isinstance(start, Place) else 0 :]:
            take(message_id, body)
        return Place("", len(there))


def performer(memory: Memory, directory: Directory, broker: Broker, life: Life) -> Performer:
    """The hands of a worker of one life."""
    memory = cast(Memory, _Watched(memory, life, RedisConnectionError))
    directory = cast(Directory, _Watched(directory, life, RedisConnectionError))
    ends = cast(Ends, _Watched(Ends(_Journal(broker)), life, UnconfirmedError))
    post = _WatchedPost(broker, life)
    return Performer.of(memory=memory, post=post, directory=directory, ends=ends, table=TABLE, house=HOUSE)
