"""The events of each command that was sent, in the order heard, without repeats; shared by the client and its double."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Self

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import CommandSettled, Event

MOST_SETTLED = 10_000
"""How many ended commands are remembered for who asks late."""


class NotSentError(LookupError):
    """Nothing is known of this command here: send it first. To send a command again is harmless."""


class Heard:
    """Events as they come, for one who looks on; there is no end to them."""

    def __init__(self, waiting: asyncio.Queue[Event]) -> None:
        self._waiting = waiting

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._waiting.get()


class Stream:
    """One command's events so far, and a bell for the next one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.settled: CommandSettled | None = None
        self.sends = 0
        """How often the command was sent, less what did not get through."""
        self._seen: set[str] = set()
        self._bell = asyncio.Event()

    def feed(self, event: Event) -> None:
        """Take an event; a repeat, or anything after the end, is dropped."""
        if event.id in self._seen or self.settled:
            return
        self._seen.add(event.id)
        self.events.append(event)
        if isinstance(event, CommandSettled):
            self.settled = event
        self._bell.set()
        self._bell = asyncio.Event()

    async def follow(self) -> AsyncIterator[Event]:
        """Yield everything from the beginning to the final event."""
        position = 0
        while True:
            while position < len(self.events):
                yield self.events[position]
                position += 1
            if self.settled:
                return
            await self._bell.wait()


class Streams:
    """The streams of one client, by station and command id."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Stream] = {}
        self._settled: OrderedDict[tuple[str, str], Stream] = OrderedDict()

    def open(self, command: CommandModel) -> Stream:
        """Begin to listen for a command, or go on."""
        key = (command.station, command.id)
        stream = self._settled.get(key) or self._open.setdefault(key, Stream())
        stream.sends += 1
        return stream

    def drop(self, command: CommandModel) -> None:
        """Take one sending back, and forget a command that was never sent: an earlier one may be waited for."""
        key = (command.station, command.id)
        if stream := self._open.get(key):
            stream.sends -= 1
            if not stream.sends:
                del self._open[key]

    def feed(self, event: Event) -> None:
        """Bring an event to its command; an event of nobody's is dropped."""
        key = (event.station, getattr(event, "command_id", None) or "")
        stream = self._open.get(key)
        if stream is None:
            return
        stream.feed(event)
        if stream.settled:
            self._settled[key] = self._open.pop(key)
            if len(self._settled) > MOST_SETTLED:
                self._settled.popitem(last=False)

    def find(self, command: CommandModel) -> Stream:
        """Return the stream of a command.

        Raises:
            NotSentError: it was not sent here.

        """
        key = (command.station, command.id)
        stream = self._open.get(key) or self._settled.get(key)
        if stream is None:
            raise NotSentError(f"command {command.id} for {command.station} was not sent by this client")
        return stream

    async def settle(self, command: CommandModel) -> CommandSettled:
        """Wait for the final event of a command. Raises NotSentError."""
        stream = self.find(command)
        async for _ in stream.follow():
            pass
        if stream.settled is None:
            raise RuntimeError("a stream ended without its final event")
        return stream.settled
