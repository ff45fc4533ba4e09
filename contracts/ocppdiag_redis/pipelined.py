"""Commands go to Redis in pipelines, which cost a fraction of the CPU: what arrives while one is under way is the next.

A pipeline here is one write and as many replies on a connection of redis-py's pool. Its own pipelines would do the same
for four times the CPU: they write commands in Python, and wait for each reply with a timeout of its own.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from hashlib import sha1
from itertools import islice
from typing import Any, NamedTuple, Self

from hiredis import pack_command
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ocppdiag_redis import metrics

CLOSE_SECONDS = 2.0
ANSWER_SECONDS = 5.0
AT_ONCE = 256
"""Commands in a pipeline, when not more were asked for at once: thousands take milliseconds in which nothing else goes on."""

Argument = str | bytes | int | float
Command = tuple[Argument, ...]


_packed: Callable[[Command], bytes] = pack_command  # type: ignore[assignment]  # its own types know of tuples of one member only


class Script:
    """A Lua script, sent by its hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode()).hexdigest()  # noqa: S324 (Redis names scripts so)


class ScriptCall(Struct, frozen=True):
    """A script with its keys, all of one station, and its arguments."""

    script: Script
    keys: Sequence[str]
    arguments: Command

    @property
    def by_hash(self) -> Command:
        """As it is sent first."""
        return ("EVALSHA", self.script.sha, len(self.keys), *self.keys, *self.arguments)

    @property
    def by_text(self) -> Command:
        """As it is sent to a server that has forgotten it."""
        return ("EVAL", self.script.text, len(self.keys), *self.keys, *self.arguments)


class _Group(NamedTuple):
    """Commands that were asked for together, as written, and where their replies go."""

    commands: Sequence[Command]
    written: bytes
    replies: "asyncio.Future[list[object]]"


class Pipelined:
    """A Redis client whose commands gather; each `run` still ends with its own reply or its own error."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        # For replies that are text, or differ between protocols.
        self._shapes = dict(client.response_callbacks)
        self._waiting: deque[_Group] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._connection: AbstractConnection | None = None
        self.usable: bool | None = None
        """Whether the last pipeline was answered; None before the first."""
        metrics.UP.set_function(lambda: {} if self.usable is None else {(): self.usable})
        self.connections = 0
        """How many there have been: what is known of a server holds for one of them, the next may be to another."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a client; it connects at its first command.

        Raises:
            ConnectionError: the address cannot be read.

        """
        try:
            return cls(
                Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
            )
        except ValueError:  # it repeats a piece of the address, which may be of the password
            raise ConnectionError(
                "the address of Redis cannot be read: a password with / # ? or @ needs percent-encoding"
            ) from None

    @property
    def missing(self) -> str | None:
        """Say in a sentence that it cannot be used."""
        return None if self.usable else "Redis cannot be used: it does not answer."

    async def aclose(self) -> None:
        """Finish what is under way, as far as the server answers within 2 s, and close."""
        if self._flushing:
            await asyncio.wait({self._flushing}, timeout=CLOSE_SECONDS)
        await self._client.aclose()

    async def run(self, *command: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a command with the next pipeline. Raises redis.exceptions.RedisError."""
        (reply,) = await self.run_all((command,))
        return reply

    async def run_all(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands with the next pipeline, and return all replies; raises the first error among them."""
        return _without_errors(await self._queue(commands))

    async def script(self, script: Script, keys: list[str], *arguments: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a script by its hash, and send its text when the server has forgotten it."""
        (reply,) = await self.scripts((ScriptCall(script, keys, arguments),))
        return reply

    async def scripts(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run several. Raises as `run_all`, when all others have run."""
        replies = await self._queue([call.by_hash for call in calls])
        forgotten = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if forgotten:
            again = await self._queue([calls[index].by_text for index in forgotten])
            for index, reply in zip(forgotten, again, strict=True):
                replies[index] = reply
        return _without_errors(replies)

    def _queue(self, commands: Sequence[Command]) -> "asyncio.Future[list[object]]":
        # Here, because what cannot be written is its own caller's fault.
        written = b"".join(map(_packed, commands))
        group = _Group(commands, written, asyncio.get_running_loop().create_future())
        self._waiting.append(group)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_all())
        return group.replies

    async def _flush_all(self) -> None:
        """One pipeline under way at a time: replies keep their order, and a stalled server is not piled up on."""
        try:
            while self._waiting:
                await self._flush()
        finally:
            self._flushing = None

    async def _flush(self) -> None:
        together: list[_Group] = []
        commands: list[Command] = []
        while self._waiting and (not commands or len(commands) + len(self._waiting[0].commands) <= AT_ONCE):
            together.append(self._waiting.popleft())
            commands += together[-1].commands
        began = time.monotonic()
        try:
            replies = iter(await self._pipeline(commands, b"".join(group.written for group in together)))
        except Exception as error:  # noqa: BLE001 (whatever it is, those who wait must hear it)
            self.usable = False
            metrics.FAILURES.add()
            for group in together:
                if not group.replies.done():
                    group.replies.set_exception(error)
            return
        self.usable = True
        metrics.COMMANDS.add(by=len(commands))
        metrics.PIPELINE_SECONDS.observe(time.monotonic() - began)
        for group in together:
            own = list(islice(replies, len(group.commands)))
            if not group.replies.done():
                group.replies.set_result(own)

    async def _pipeline(self, commands: list[Command], written: bytes) -> list[object]:
        """Send commands on a connection of the pool, and again on a new one where its retry is set up for that."""
        pool = self._client.connection_pool
        connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
        if connection is not self._connection:
            self._connection = connection
            self._connected(connection)
            connection.register_connect_callback(self._connected)  # type: ignore[no-untyped-call]

        async def give_up(_: Exception) -> None:
            await connection.disconnect()

        try:
            replies: list[object] = await connection.retry.call_with_retry(
                lambda: self._exchange(connection, commands, written), give_up
            )
            return replies
        finally:
            await pool.release(connection)

    def _connected(self, _: AbstractConnection) -> None:
        self.connections += 1

    async def _exchange(
        self, connection: AbstractConnection, commands: list[Command], written: bytes
    ) -> list[object]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.send_packed_command(written, check_health=False)
                return [await self._reply(connection, command) for command in commands]
        except TimeoutError:
            raise RedisTimeoutError(f"no answer within {ANSWER_SECONDS:g} s") from None

    async def _reply(self, connection: AbstractConnection, command: Command) -> object:
        try:
            reply = await connection.read_response(timeout=math.inf)
        except ResponseError as error:
            return error
        shape = self._shapes.get(str(command[0]))
        return shape(reply) if shape else reply


def _without_errors(replies: list[object]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
