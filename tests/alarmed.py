"""An installation whose parts may be hurt, and a real Prometheus that looks at it with our alert rules."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel
from backends import _settle
from certificates import HOST, Authority
from installation import SETTINGS, Installation
from manifests import DEPLOY
from node import Node
from private import broker_of_our_own
from prometheus_server import Prometheus, prometheus
from promtool import provided
from redis.exceptions import RedisError
from shortened import shortened
from store import Store, redis
from wire import Wire

from ocppdiag_local import ports
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services
from ocppdiag_local.stack import Process, Stack, start, variables
from ocppdiag_redis import Pipelined

MODULES = {
    "uploads": "ocppdiag_uploads",
    "spare": "ocppdiag_uploads",
    "worker": "ocppdiag_workers",
    "gateway": "ocppdiag_gateway",
}
"""What runs, in the order of starting; the spare is a second upload receiver, which nobody misses."""

ROOT = Authority.new()
GATEWAY_NODE = f"watched-{uuid4().hex[:12]}"
RULES = DEPLOY / "prometheus/alerts.yaml"


class Post:
    """A place for a process, which may be killed and come back there, at the same ports."""

    def __init__(
        self, name: str, settings: Mapping[str, str], lines: list[tuple[str, dict[str, Any]]]
    ) -> None:
        self.name = name
        self.metrics_port, self.port = ports.free(2)
        own = {"OCPPDIAG_METRICS_PORT": self.metrics_port, "OCPPDIAG_PORT": self.port, "OCPPDIAG_UPLOAD_PORT": self.port}  # fmt: skip
        self._settings = {**settings, **{name: str(port) for name, port in own.items()}}
        self._lines = lines
        self._life = AsyncExitStack()
        self.process: Process

    @property
    def instance(self) -> str:
        """What Prometheus knows it by."""
        return f"127.0.0.1:{self.metrics_port}"

    async def start(self) -> None:
        """Return when it is ready."""
        running = start(self.name, MODULES[self.name], self._settings, lambda *said: self._lines.append(said))
        self.process = await self._life.enter_async_context(running)

    async def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        await self.stop()

    async def stop(self) -> None:
        await self._life.aclose()


@dataclass(frozen=True, slots=True)
class Alarmed:
    """What a test can hurt, and who sees it."""

    made: Installation
    node: Node
    way: Wire
    """All processes' way to RabbitMQ."""
    store: Store
    posts: dict[str, Post]
    prometheus: Prometheus
    tls: Path
    """The folder of the gateway's certificate."""

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel of the test's own, past the processes' way."""
        async with await aio_pika.connect(self.node.url) as connection:
            yield await connection.channel()

    async def empty_redis(self) -> None:
        """Start Redis again after a kill, and have it be long since."""
        await self.store.restart()
        await asyncio.to_thread(_settle, self.store.url)
        with suppress(RedisError):  # our own connection has been closed, too
            await self.made.redis.run("PING")


def certify(folder: Path, days: int = 90) -> Path:
    """Put a certificate there that is valid for so long, in the place of what there is."""
    return ROOT.issue(HOST, lasts=timedelta(days=days)).save(folder)


@asynccontextmanager
async def alarmed(program: str, folder: Path) -> AsyncIterator[Alarmed]:
    """Run it all until the block ends."""
    (queues,) = ports.free(1)
    conf = folder / "rabbitmq/rabbit-0/conf.d/metrics.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {queues}\n")
    async with (
        broker_of_our_own(folder / "rabbitmq", "rabbitmq_prometheus") as node,
        Wire(node.url) as way,
        redis(folder / "redis", replica=False) as store,
        AsyncExitStack() as lives,
    ):
        await asyncio.to_thread(_settle, store.url)
        tls = certify(folder / "tls")
        made, posts = _made(Services(way.url, store.url, "processes of the test's own"), folder / "logs", tls)
        lives.push_async_callback(made.redis.aclose)
        for post in posts.values():
            lives.push_async_callback(post.stop)
        await asyncio.gather(*(post.start() for post in posts.values()))
        watched = {name: post.metrics_port for name, post in posts.items()}
        rules = shortened(RULES.read_text())
        async with prometheus(program, folder / "prometheus", rules, watched, queues) as server:
            yield Alarmed(made, node, way, store, posts, server, tls)


def _made(services: Services, logs: Path, tls: Path) -> tuple[Installation, dict[str, Post]]:
    """The installation, and the posts of its processes, which do not run yet."""
    keys = Keys.new()
    lines: list[tuple[str, dict[str, Any]]] = []
    shared = {
        **SETTINGS,
        **variables(services, keys, logs),
        "OCPPDIAG_NODE": GATEWAY_NODE,
        "OCPPDIAG_TLS_CERTIFICATES": json.dumps([str(tls)]),
        "OCPPDIAG_TLS_PORT": "0",
        "OCPPDIAG_RENEW_SECONDS": "1",
        "OCPPDIAG_DRAIN_SECONDS": "1",
    }
    posts: dict[str, Post] = {}
    for name in MODULES:
        upload_url = f"http://127.0.0.1:{posts['uploads'].port}" if posts else ""
        posts[name] = Post(name, shared | ({"OCPPDIAG_UPLOAD_URL": upload_url} if posts else {}), lines)
    gateway_url = f"ws://127.0.0.1:{posts['gateway'].port}"
    running = Stack(gateway_url, f"http://127.0.0.1:{posts['uploads'].port}", ())
    made = Installation(services, keys, logs, running, Pipelined.from_url(services.redis_url), lines)
    return made, posts


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Alarmed]:
    """One for all tests that hurt it."""
    program = provided("prometheus", request.config)
    async with alarmed(program, tmp_path_factory.mktemp("alarmed")) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(watched: Alarmed) -> Alarmed:
    """Where nothing is wrong, and nothing has been for a while; whatever another test that failed has left."""
    for post in watched.posts.values():
        if not post.process.running:
            await post.stop()
            await post.start()
    await watched.prometheus.becomes("sum(up)", len(watched.posts) + len({"RabbitMQ"}))
    await watched.prometheus.quiet()
    return watched
