"""A world for the fault suite: RabbitMQ, Redis and the product's processes, each of which can be hurt and healed."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Literal

import aiohttp
import orjson
from member import Death, Member, crew
from node import Depth, Nodes, rabbitmq
from redis_several import ClusterOfThree, Sentinels
from several_store import SeveralStore, several_redis
from store import Store, redis
from wire import Wire

from ocppdiag_contracts.topology import PARKING
from ocppdiag_local import processes
from ocppdiag_local.servers import BOTH
from ocppdiag_redis.keys import BEGUN, DEADLINES

Kind = Literal["single", "cluster", "replica", "sentinel", "redis-cluster"]
MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a world at rest should have none of, apart from leases of connections that stand."""

    queues: Mapping[str, Depth]
    open_operations: tuple[tuple[str, str], ...]
    """Station, command id."""

    alarms: tuple[tuple[str, str], ...]
    """Station, command id."""

    leases: tuple[tuple[str, str, str], ...]
    """Station, node, connection."""

    @property
    def parked(self) -> int:
        depth = self.queues.get(PARKING.name)
        return depth.ready + depth.unacked if depth else 0


@dataclass
class World:
    """What the nemesis hurts, and where the load goes; addresses never change."""

    kind: Kind
    folder: Path
    broker: Nodes
    way_to_broker: Wire
    redis: Store | SeveralStore
    lines: deque[tuple[str, dict[str, Any]]]
    random: Random
    gateways: tuple[Member, ...] = ()
    workers: tuple[Member, ...] = ()
    uploads: Member = None  # type: ignore[assignment]  # the last word of `world`
    exits: AsyncExitStack = None  # type: ignore[assignment]
    sending: asyncio.Event = field(default_factory=asyncio.Event)
    """Commands are sent while this is set."""
    findings: list[str] = field(default_factory=list)
    """What the nemesis saw go wrong, in sentences."""
    notes: list[str] = field(default_factory=list)
    """What it has done, as far as the fault's title leaves it open."""

    @property
    def amqp_url(self) -> str:
        return self.way_to_broker.url

    @property
    def redis_url(self) -> str:
        return self.redis.url

    @property
    def store(self) -> Store:
        """The one server, where it is one."""
        if not isinstance(self.redis, Store):
            raise TypeError("this fault is for a world with one Redis")
        return self.redis

    @property
    def several(self) -> Sentinels | ClusterOfThree:
        """The servers, where they are several."""
        if not isinstance(self.redis, SeveralStore):
            raise TypeError("this fault is for a world with several Redis")
        return self.redis.servers

    @property
    def way_to_redis(self) -> Wire:
        return self.store.wire

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.uploads, *self.workers, *self.gateways)

    @property
    def deaths(self) -> list[Death]:
        """The processes that ended without having been told to."""
        return list(chain.from_iterable(member.deaths for member in self.members))

    def said(self, event: str) -> list[dict[str, Any]]:
        """The latest log lines with this event."""
        return [line for _, line in self.lines if line.get("event") == event]

    async def queues(self) -> dict[str, Depth]:
        return await self.broker.depths()

    async def leftovers(self) -> Leftovers:
        depths, store = await self.queues(), self.redis
        operations = [
            (_station(key), command_id)
            for key in await store.keys("ocppdiag:*:open")
            for command_id in await store.ask("SMEMBERS", key)
        ]
        alarms = {
            tuple(json.loads(each))
            for key in (BEGUN, DEADLINES)
            for each in await store.ask("ZRANGE", key, 0, -1)
        }
        left = {name: depth for name, depth in depths.items() if depth.ready or depth.unacked}
        return Leftovers(left, tuple(operations), tuple(alarms), await self.leases())

    async def leases(self) -> tuple[tuple[str, str, str], ...]:
        """Return station, node and connection of each lease."""
        keys, ask = await self.redis.keys("ocppdiag:*:lease"), self.redis.ask
        return tuple([(_station(key), *await ask("HMGET", key, "node", "connection")) for key in keys])

    async def served(self, since: datetime) -> set[str]:
        """Return the names of the gateways with whose stations a command was completed since then."""
        nodes = {station: node for station, node, _ in await self.leases()}
        moves = [line for line in self.said("operation_moved") if line["state"] == "completed"]
        at = since.astimezone(UTC).isoformat()
        return {nodes.get(line["station"], "") for line in moves if line["timestamp"] > at}

    async def serving(self, within: float = 60) -> None:
        """Return when every process is up and each gateway says that it is well. Raises TimeoutError."""
        deadline = time.monotonic() + within
        for member in self.members:
            await member.up(max(0.1, deadline - time.monotonic()))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            for gateway in self.gateways:
                while not await _healthy(session, gateway):
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{gateway.name} is not well")
                    await asyncio.sleep(0.1)

    def rss(self) -> dict[str, int]:
        """Bytes of memory of each process that runs."""
        return {member.name: member.rss() for member in self.members if member.running}

    async def restart(
        self, members: Iterable[Member], *, under: str | None = None, more: Mapping[str, str] | None = None
    ) -> None:
        """Stop members in order, and have them run again as they are, or under a wrapper."""

        async def one(member: Member) -> None:
            member.under, member.more = under, more or {}
            await member.term()
            await member.up()

        await asyncio.gather(*map(one, members))

    async def slow_way(self, gateway: Member, bytes_per_second: float) -> str:
        """Return an address of a gateway where everything takes its time; it lasts as long as the world."""
        way = await self.exits.enter_async_context(Wire(gateway.url))
        way.bytes_per_second = bytes_per_second
        return way.url


@asynccontextmanager
async def world(
    kind: Kind,
    folder: Path,
    *,
    gateways: int = 2,
    workers: int = 2,
    settings: Mapping[str, str] | None = None,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> AsyncIterator[World]:
    """Build a world that is gone at the end. Raises ServicesMissing where its servers cannot be had."""
    processes.provide(BOTH, say)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with AsyncExitStack() as exits:
        nodes = await exits.enter_async_context(rabbitmq(folder, 3 if kind == "cluster" else 1))
        store = await exits.enter_async_context(_redis(kind, folder))
        way = await exits.enter_async_context(Wire(*(node.url for node in nodes.nodes)))
        random = Random(seed)  # noqa: S311 (no secret)
        made = World(kind, folder, nodes, way, store, deque(maxlen=MOST_LINES), random, exits=exits)
        made.sending.set()
        variables = {
            "OCPPDIAG_AMQP_URL": made.amqp_url,
            "OCPPDIAG_REDIS_URL": made.redis_url,
            "OCPPDIAG_UPLOAD_FOLDER": str(folder / "logs"),
            **(settings or {}),
        }
        hear = _hear(made, exits.enter_context(ExitStack()))
        made.uploads, made.workers, made.gateways = crew(variables, hear, gateways, workers)
        # Stopped together: one that waits for another that is gone already would wait in vain.
        exits.push_async_callback(_together, [member.stop for member in made.members])
        await _together([member.start for member in made.members])
        yield made


def _redis(kind: Kind, folder: Path) -> AbstractAsyncContextManager[Store | SeveralStore]:
    if kind in ("sentinel", "redis-cluster"):
        return several_redis(folder, kind.removeprefix("redis-"))
    return redis(folder, replica=kind == "replica")


async def _together(steps: Iterable[Callable[[], Awaitable[None]]]) -> None:
    await asyncio.gather(*(step() for step in steps))


def _hear(made: World, opened: ExitStack) -> Callable[[str, dict[str, Any]], None]:
    """Keep the latest lines here, and all of them in a file per process."""
    files: dict[str, Any] = {}

    def hear(name: str, said: dict[str, Any]) -> None:
        made.lines.append((name, said))
        if name not in files:
            files[name] = opened.enter_context((made.folder / f"{name}.log").open("ab"))
        files[name].write(orjson.dumps(said) + b"\n")

    return hear


def _station(key: str) -> str:
    """All keys of a station have its name in braces."""
    return key.partition("{")[2].rpartition("}")[0]


async def _healthy(session: aiohttp.ClientSession, gateway: Member) -> bool:
    try:
        async with session.get(f"{gateway.url.replace('ws', 'http', 1)}/health") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
