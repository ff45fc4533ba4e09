"""RabbitMQ and Redis of a test's own, as processes that it may freeze, kill and start again without harm to others."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from node import Node, rabbitmq
from store import Server

from ocppdiag_local import processes
from ocppdiag_local.failures import ServicesMissing
from ocppdiag_local.servers import BOTH
from ocppdiag_local.services import Services

FULL, ROOM = "1000000GB", "1MB"


@dataclass(frozen=True, slots=True)
class Private:
    """What may be hurt. Both addresses stay, whatever happens to the processes."""

    node: Node
    redis: Server
    services: Services


@asynccontextmanager
async def private(folder: Path) -> AsyncIterator[Private]:
    """Run both until the block ends."""
    async with broker_of_our_own(folder / "rabbitmq") as node:
        redis = Server(folder / "redis")
        await redis.start()
        try:
            yield Private(node, redis, Services(node.url, redis.url, "processes of the test's own"))
        finally:
            redis.thaw()
            await redis.stop()


@asynccontextmanager
async def broker_of_our_own(folder: Path, plugins: str = "") -> AsyncIterator[Node]:
    """Run a RabbitMQ until the block ends."""
    await asyncio.to_thread(provide)
    async with rabbitmq(folder, 1, plugins) as nodes:
        yield nodes.nodes[0]


@asynccontextmanager
async def disk_full(node: Node) -> AsyncIterator[None]:
    """Have the node think so: it reads nothing more from whoever publishes, until the block ends."""
    await node.control("set_disk_free_limit", FULL)
    try:
        async with asyncio.timeout(30):
            while "running" in await node.control("list_connections", "state"):  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.1)
        yield
    finally:
        await node.control("set_disk_free_limit", ROOM)


def provide() -> None:
    try:
        processes.provide(BOTH, lambda _: None)
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
