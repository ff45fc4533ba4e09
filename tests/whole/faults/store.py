"""Redis for the fault suite: a server that can be killed, frozen, emptied, and have a replica that takes over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from node import program
from redis.asyncio import Redis
from wire import Wire
from yarl import URL

from ocppdiag_local import redis as local


class Server:
    """One process and its own client; started again it is empty, and elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._running = ExitStack()
        self._client: Redis
        self._pid = 0

    async def start(self) -> None:
        running = local.server(program("redis-server"), self.folder, durable=False)
        self.url = await asyncio.to_thread(self._running.enter_context, running)
        self._client = Redis.from_url(self.url, decode_responses=True)
        self._pid = int((await self._client.info("server"))["process_id"])

    async def ask(self, *command: str | int) -> Any:  # noqa: ANN401 (Redis)
        """Run a command, past the wire that the product uses."""
        return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        await self.stop()

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    async def stop(self) -> None:
        if self.url:
            self.url = ""
            await self._client.aclose()
        await asyncio.to_thread(self._running.close)


class Store:
    """The primary that the product uses, through a wire that is led to its successor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.primary = self._server()
        self.replica: Server | None = None
        self.wire: Wire
        self.replication: Wire | None = None
        """The replica's way to its primary."""

    @property
    def url(self) -> str:
        return self.wire.url

    async def ask(self, *command: str | int) -> Any:  # noqa: ANN401 (Redis)
        return await self.primary.ask(*command)

    def _server(self) -> Server:
        self._count += 1
        return Server(self._folder / f"redis-{self._count}")

    async def restart(self) -> None:
        """Start the primary again after a kill, with nothing in it."""
        await self.primary.start()
        self.wire.to = [URL(self.primary.url)]

    async def add_replica(self) -> None:
        """Start a replica of the primary and wait until it has all."""
        self.replica = self._server()
        await self.replica.start()
        self.replication = await Wire(self.primary.url).__aenter__()
        way = URL(self.replication.url)
        await self.replica.ask("REPLICAOF", str(way.host), int(way.port or 0))
        async with asyncio.timeout(30):
            while "master_link_status:up" not in await self._said(self.replica):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    @staticmethod
    async def _said(server: Server) -> str:
        info = await server.ask("INFO", "replication")
        return "\n".join(f"{key}:{value}" for key, value in info.items()) if isinstance(info, dict) else info

    def stall_replication(self) -> None:
        """From now on the replica hears nothing."""
        if self.replication is None:
            raise RuntimeError("there is no replica")
        self.replication.flowing.clear()

    async def fail_over(self) -> None:
        """Promote the replica and lead everybody to it; the old primary is killed."""
        old, new = self.primary, self.replica
        if new is None or self.replication is None:
            raise RuntimeError("there is no replica")
        await new.ask("REPLICAOF", "NO", "ONE")
        self.wire.to = [URL(new.url)]
        self.primary, self.replica = new, None
        self.wire.cut()
        await old.kill()
        await self.replication.__aexit__()
        self.replication = None

    async def keys(self, pattern: str) -> list[str]:
        """Return the keys that match, without holding anybody up."""
        found: list[str] = []
        cursor = 0
        while True:
            then, keys = await self.primary.ask("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            found += keys
            if not (cursor := int(then)):
                return found

    async def stop(self) -> None:
        if self.replication:
            await self.replication.__aexit__()
        for server in (self.primary, self.replica):
            if server and server.url:
                server.thaw()
            if server:
                await server.stop()


@asynccontextmanager
async def redis(folder: Path, *, replica: bool) -> AsyncIterator[Store]:
    """Run a primary behind a wire, and a replica of it if wished."""
    store = Store(folder)
    try:
        await store.primary.start()
        async with Wire(store.primary.url) as store.wire:
            if replica:
                await store.add_replica()
            yield store
    finally:
        await store.stop()
