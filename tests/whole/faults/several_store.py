"""Redis behind Sentinels, or a Redis Cluster, as the fault suite looks into it: with the product's own client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from redis_several import ClusterOfThree, Sentinels, several

from ocppdiag_redis import Pipelined


class SeveralStore:
    """Servers that see to a successor by themselves; clients know their addresses, so there is no wire."""

    def __init__(self, servers: Sentinels | ClusterOfThree, client: Pipelined) -> None:
        self.servers = servers
        self.url = servers.url
        self._client = client

    async def ask(self, *command: str | int) -> Any:  # noqa: ANN401 (Redis)
        """Run a command; the first after a fall may find the connection gone."""
        try:
            return _text(await self._client.run(*command))
        except RedisError:
            await asyncio.sleep(1)
            return _text(await self._client.run(*command))

    async def keys(self, pattern: str) -> list[str]:
        """Return the keys that match, on all primaries."""
        await self.ask("PING")
        found: list[str] = []
        for server in await self._client.servers():
            cursor: int | bytes = 0
            while True:
                cursor, keys = await server.run("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
                found += _text(keys)
                if not int(cursor):
                    break
        return found


@asynccontextmanager
async def several_redis(folder: Path, kind: str) -> AsyncIterator[SeveralStore]:
    """Run them until the block ends."""
    running = several(kind, folder)
    servers = await asyncio.to_thread(running.__enter__)
    try:
        async with aclosing(Pipelined.from_url(servers.url)) as client:
            yield SeveralStore(servers, client)
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


def _text(reply: Any) -> Any:  # noqa: ANN401
    if isinstance(reply, list | set | tuple):
        return [_text(each) for each in reply]
    return reply.decode() if isinstance(reply, bytes) else reply
