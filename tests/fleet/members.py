"""Stations of a crowd: they call now and then, and who loses the connection comes back as libocpp does by default.

That is after one second and up to two more, then twice as long and up to two more, and so on for three tries; at the
next of the gateways that there are.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from ssl import SSLContext

from bare_websocket import BareWebsocket

from ocppdiag_ocpp import frames

WAIT_MINIMUM, RANDOM_RANGE, REPEAT_TIMES = 1, 2, 2  # seconds, whole ones, as libocpp draws them
TRY_SECONDS = 20.0


@dataclass
class Tally:
    """What was seen; instants are the machine's monotonic seconds, the same in all its processes."""

    sent: int = 0
    answered: list[float] = field(default_factory=list)
    """Seconds, of each CALL that was answered."""
    opened: list[float] = field(default_factory=list)
    """When, of each connection."""
    back: list[float] = field(default_factory=list)
    """When, of each first answer on a connection."""
    gone: list[float] = field(default_factory=list)
    """When, of each connection lost."""
    cut: list[float] = field(default_factory=list)
    """Seconds between a CALL and the end of the connection, which came instead of an answer."""
    refused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Surroundings:
    """What the stations of one process have in common."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.gateways: list[str] = []
        self.deflate = False
        self.tls: SSLContext | None = None
        self.dropping = False
        """Whether they end their connections themselves."""
        self.leaving = False
        """Whether it is over."""
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, coming: Coroutine[None, None, None]) -> None:
        """Run something to its end."""
        task = asyncio.create_task(coming)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Line(BareWebsocket):
    """One connection of a member."""

    def __init__(self, member: "Member", gateway_url: str, *, deflate: bool) -> None:
        super().__init__(gateway_url, member.name, member.password, deflate=deflate)
        self.awaited: tuple[str, float] | None = None
        self.first = True
        self._member = member
        self._number = 0

    def call(self) -> None:
        """Send a Heartbeat, unless one is under way."""
        if self.awaited is None and self.open and self.goodbye is None:
            self._number += 1
            self.awaited = (f"{self._number:036d}", time.monotonic())
            self._member.crowd.tally.sent += 1
            self.send(b'[2,"%b","Heartbeat",{}]' % self.awaited[0].encode())

    def heard(self, text: bytes) -> None:
        tally = self._member.crowd.tally
        match frames.parse(text):
            case frames.CallResult(message_id, payload) if (
                payload is not None and self.awaited and message_id == self.awaited[0]
            ):
                instant = time.monotonic()
                tally.answered.append(instant - self.awaited[1])
                if self.first:
                    tally.back.append(instant)
                self.first, self.awaited = False, None
            case other:
                tally.errors[f"unexpected {other!r:.100}"] += 1
                self.awaited = None

    def lost(self, reason: str) -> None:
        self._member.lost(self, reason)

    def puzzled(self, kind: int) -> None:
        self._member.crowd.tally.errors[f"unexpected websocket frame {kind:#x}"] += 1


class Member:
    """One station of the crowd, on whatever connection it has."""

    def __init__(self, crowd: Surroundings, number: int, name: str, password: str, source: str) -> None:
        self.crowd = crowd
        self.name = name
        self.password = password
        self.line: Line | None = None
        self.calls_at_once = False
        self._number = number
        self._source = source
        self._tries = 0
        self._wait = 0

    async def come(self) -> bool:
        """Try once to connect."""
        urls = self.crowd.gateways
        line = Line(self, urls[self._number % len(urls)], deflate=self.crowd.deflate)
        tally = self.crowd.tally
        try:
            await line.connect(source=self._source, tls=self.crowd.tls, within=TRY_SECONDS)
            if not line.open:
                raise ConnectionError("let in and out again")
        except OSError as error:
            self._number += 1
            tally.refused[str(error) or type(error).__name__] += 1
            return False
        tally.opened.append(time.monotonic())
        self.line = line
        self._tries = 0
        if self.calls_at_once:
            line.call()
        return True

    def lost(self, line: Line, reason: str) -> None:
        """Come back."""
        if self.line is not line or self.crowd.leaving:
            return
        instant = time.monotonic()
        tally = self.crowd.tally
        tally.gone.append(instant)
        if line.awaited:
            tally.cut.append(instant - line.awaited[1])
        if not (line.goodbye or self.crowd.dropping):
            tally.errors[reason] += 1
        self.line = None
        self._number += 1
        self.calls_at_once = True
        self._come_later()

    def _come_later(self) -> None:
        self._tries += 1
        if self._tries <= REPEAT_TIMES + 1:
            self._wait = self._wait * 2 if self._tries > 1 else WAIT_MINIMUM
            self._wait += random.randint(0, RANDOM_RANGE)  # noqa: S311
        asyncio.get_running_loop().call_later(self._wait, self._start)

    def _start(self) -> None:
        self.crowd.run(self._try_again())

    async def _try_again(self) -> None:
        if not self.crowd.leaving and not await self.come():
            self._come_later()
