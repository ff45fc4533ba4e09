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


@dataclass(frozen=True, slots=True)
class Private:
    """What may be hurt. Both addresses stay, whatever happens to the processes."""

    node: Node
    redis: Server
    services: Services


@asynccontextmanager
async def private(folder: Path) -> AsyncIterator[Private]:
    """Run both until the block ends."""
    await asyncio.to_thread(_provide)
    async with rabbitmq(folder / "rabbitmq", 1) as nodes:
        (node,) = nodes.nodes
        redis = Server(folder / "redis")
        await redis.start()
        try:
            yield Private(node, redis, Services(node.url, redis.url, "processes of the test's own"))
        finally:
            redis.thaw()
            await redis.stop()


def _provide() -> None:
    try:
        processes.provide(BOTH, lambda _: None)
    except ServicesMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
