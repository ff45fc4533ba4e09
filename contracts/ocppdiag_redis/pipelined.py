"""A Redis client whose commands gather in pipelines, wherever they go: to one server, its successor, or a cluster."""

from collections.abc import Awaitable, Sequence
from hashlib import sha1
from typing import Any, Protocol, Self

from msgspec import Struct
from redis.exceptions import NoScriptError

from ocppdiag_redis import metrics
from ocppdiag_redis.address import read_address
from ocppdiag_redis.line import Argument, Command
from ocppdiag_redis.ways import way


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


class Way(Protocol):
    """How commands come to where they are carried out."""

    @property
    def connections(self) -> int:
        """How many there have been."""

    @property
    def usable(self) -> bool | None:
        """Whether what was asked last was answered; None before anything was."""

    def ask(self, commands: Sequence[Command]) -> Awaitable[list[object]]:
        """Return all replies, errors of single commands too. Raises redis.exceptions.RedisError."""

    async def servers(self) -> "Sequence[Way]":
        """Return a way to each primary."""

    async def aclose(self) -> None:
        """Finish what is under way, and close."""


class Pipelined:
    """A Redis client whose commands gather; each `run` still ends with its own reply or its own error.

    In a cluster the keys of one command are all of one station, and a command of one word goes anywhere.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self._ask = way.ask

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a client; it connects at its first command.

        Raises:
            ConnectionError: the address cannot be read.

        """
        client = cls(way(read_address(url)))
        metrics.UP.set_function(lambda: {} if client.usable is None else {(): client.usable})
        return client

    @property
    def connections(self) -> int:
        """How many there have been: what is known of a server holds for one of them, the next may be to another."""
        return self._way.connections

    @property
    def usable(self) -> bool | None:
        """Whether the last pipeline was answered, of a cluster that to each primary; None before the first."""
        return self._way.usable

    @property
    def missing(self) -> str | None:
        """Say in a sentence that it cannot be used."""
        return None if self.usable else "Redis cannot be used: it does not answer."

    async def servers(self) -> "list[Pipelined]":
        """Return a client for each primary, as long as this one is open: what has no key is asked of each."""
        return [self if each is self._way else Pipelined(each) for each in await self._way.servers()]

    async def aclose(self) -> None:
        """Finish what is under way, as far as the server answers within 2 s, and close."""
        await self._way.aclose()

    async def run(self, *command: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a command with the next pipeline. Raises redis.exceptions.RedisError."""
        (reply,) = await self.run_all((command,))
        return reply

    async def run_all(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands with the next pipeline, and return all replies; raises the first error among them."""
        return _without_errors(await self._ask(commands))

    async def script(self, script: Script, keys: list[str], *arguments: Argument) -> Any:  # noqa: ANN401 (Redis)
        """Run a script by its hash, and send its text when the server has forgotten it."""
        (reply,) = await self.scripts((ScriptCall(script, keys, arguments),))
        return reply

    async def scripts(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run several. Raises as `run_all`, when all others have run."""
        replies = await self._ask([call.by_hash for call in calls])
        forgotten = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if forgotten:
            again = await self._ask([calls[index].by_text for index in forgotten])
            for index, reply in zip(forgotten, again, strict=True):
                replies[index] = reply
        return _without_errors(replies)


def _without_errors(replies: list[object]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
