"""All commands of one turn of the event loop go to Redis in one pipeline, which costs a fraction of the CPU."""

import asyncio
from hashlib import sha1
from typing import Any, Self

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

Argument = str | bytes | int | float


class Script:
    """A Lua script, sent by its hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode()).hexdigest()  # noqa: S324 (Redis names scripts so)


class Pipelined:
    """A Redis client whose commands gather; each `run` still ends with its own reply or its own error."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a client; it connects at its first command."""
        return cls(Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5))

    async def aclose(self) -> None:
        """Finish what is under way and close."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._client.aclose()

    def run(self, *command: Argument) -> "asyncio.Future[Any]":
        """Queue a command for this turn's pipeline. The future raises redis.exceptions.RedisError."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, reply))
        if len(self._waiting) == 1:
            task = asyncio.create_task(self._flush())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return reply

    async def script(self, script: Script, keys: list[str], *arguments: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a script by its hash, and send its text when the server has forgotten it."""
        try:
            return await self.run("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.run("EVAL", script.text, len(keys), *keys, *arguments)

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for command, _ in waiting:
                    pipe.execute_command(*command)
                replies = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            replies = [error] * len(waiting)
        for (_, future), reply in zip(waiting, replies, strict=True):
            if future.done():
                continue
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)
