"""Commands go to Redis in pipelines, which cost a fraction of the CPU: what arrives while one is under way is the next."""

import asyncio
from hashlib import sha1
from typing import Any, Self

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

CLOSE_SECONDS = 2.0
AT_ONCE = 100
"""Commands in a pipeline: to write and read thousands takes a tenth of a second in which nothing else goes on."""

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
        self._flushing: asyncio.Task[None] | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a client; it connects at its first command.

        Raises:
            ConnectionError: the address cannot be read.

        """
        try:
            return cls(Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5))
        except ValueError:  # it repeats a piece of the address, which may be of the password
            raise ConnectionError(
                "the address of Redis cannot be read: a password with / # ? or @ needs percent-encoding"
            ) from None

    async def aclose(self) -> None:
        """Finish what is under way, as far as the server answers within 2 s, and close."""
        if self._flushing:
            await asyncio.wait({self._flushing}, timeout=CLOSE_SECONDS)
        await self._client.aclose()

    def run(self, *command: Argument) -> "asyncio.Future[Any]":
        """Queue a command for the next pipeline. The future raises redis.exceptions.RedisError."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, reply))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_all())
        return reply

    async def script(self, script: Script, keys: list[str], *arguments: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a script by its hash, and send its text when the server has forgotten it."""
        try:
            return await self.run("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.run("EVAL", script.text, len(keys), *keys, *arguments)

    async def _flush_all(self) -> None:
        """One pipeline under way at a time: replies keep their order, and a stalled server is not piled up on."""
        try:
            while self._waiting:
                await self._flush()
        finally:
            self._flushing = None

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
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
