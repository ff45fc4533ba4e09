"""The way to one Redis, in pipelines, which cost a fraction of the CPU: what is asked while one is under way is the next.

A pipeline here is one write and as many replies on a connection of redis-py's pool. Its own pipelines would do the same
for four times the CPU: they write commands in Python, and wait for each reply with a timeout of its own.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from hiredis import pack_command
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ocppdiag_redis import metrics

CLOSE_SECONDS = 2.0
ANSWER_SECONDS = 5.0
AT_ONCE = 256
"""Commands in a pipeline, when not more were asked for at once: thousands take milliseconds in which nothing else goes on."""

Argument = str | bytes | int | float
Command = tuple[Argument, ...]


_packed: Callable[[Command], bytes] = pack_command  # type: ignore[assignment]  # its own types know of tuples of one member only


class _Group(NamedTuple):
    """Commands that were asked for together, as written, and where their replies go."""

    commands: Sequence[Command]
    written: bytes
    replies: "asyncio.Future[list[object]]"


class Line:
    """One server, or whichever is the primary now: the pool of the client knows."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        # For replies that are text, or differ between protocols.
        self._shapes = dict(client.response_callbacks)
        self._waiting: deque[_Group] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._connection: AbstractConnection | None = None
        self._connections = 0
        self.usable: bool | None = None
        """Whether the last pipeline was answered; None before the first."""

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._connections

    async def servers(self) -> "tuple[Line, ...]":
        """Return the one."""
        return (self,)

    async def aclose(self) -> None:
        """Finish what is under way, as far as the server answers within 2 s, and close."""
        if self._flushing:
            await asyncio.wait({self._flushing}, timeout=CLOSE_SECONDS)
        while self._waiting:
            replies = self._waiting.popleft().replies
            if not replies.done():
                replies.set_exception(RedisConnectionError("closed"))
        await self._client.aclose()

    def ask(self, commands: Sequence[Command]) -> "asyncio.Future[list[object]]":
        """Send commands with the next pipeline, and return all replies, among them errors of single commands.

        The future raises redis.exceptions.RedisError where the server is out of reach.
        """
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
        self._connections += 1

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
        except ReadOnlyError as error:  # the next connection finds who is the primary now
            raise RedisConnectionError("it is a replica now") from error
        except ResponseError as error:
            return error
        shape = self._shapes.get(str(command[0]))
        return shape(reply) if shape else reply
