"""Stations that do what commands want, as cheaply as can be: they accept at once, then follow a script of CALLs.

One CALL under way at a time, as OCPP wants it; the next step of a script when it is answered.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import chain

from bare_websocket import BareWebsocket
from msgspec import Raw

from ocppdiag_ocpp import frames

AT_ONCE = 256  # new connections
ACCEPTED = b'{"status":"Accepted"}'

Script = Iterator[bytes | Coroutine[None, None, None]]
"""Steps: a CALL to send (action and payload), or something to do by itself."""

Obey = Callable[["Answering", str, Raw], Script]
"""What a station does once it has accepted a request: of this action, with this payload."""


def nothing(*_: object) -> Script:
    """Leave it at the answer."""
    return iter(())


class Crowd:
    """What its stations have in common, and what was counted of them."""

    def __init__(self) -> None:
        self.stations: dict[str, Answering] = {}
        self.obey: Obey = nothing
        self.answered = 0
        """CALLs of the stations."""
        self.answered_at = 0.0
        """When the last of them was."""
        self.busy = 0
        """Stations that are in the middle of a script."""
        self.errors: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self, known: Sequence[tuple[str, str]], gateways: Sequence[str]) -> None:
        """Connect stations (name, password), spread over the gateways. Raises OSError when one is not let in."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def come(number: int, name: str, password: str) -> None:
            station = Answering(self, name, password, gateways[number % len(gateways)])
            async with turn:
                await station.connect()
            self.stations[name] = station

        await asyncio.gather(*(come(number, *each) for number, each in enumerate(known)))

    async def rest(self, within: float) -> None:
        """Wait until no station is in the middle of a script; for so many seconds, then it is an error."""
        until = time.perf_counter() + within
        while self.busy and time.perf_counter() < until:  # noqa: ASYNC110 (whoever measures has noted when)
            await asyncio.sleep(0.02)
        if self.busy:
            self.errors[f"not through in {within:g} s"] += self.busy

    def close(self) -> None:
        """Have all say goodbye."""
        for station in self.stations.values():
            station.close()


class Answering(BareWebsocket):
    """One of them."""

    def __init__(self, crowd: Crowd, name: str, password: str, gateway_url: str) -> None:
        super().__init__(gateway_url, name, password)
        self._crowd = crowd
        self._script = nothing()
        self._busy = False
        self._closing = False
        self._number = 0
        self._awaited: str | None = None

    def begin(self, script: Script) -> None:
        """Follow a script, after the one that is under way."""
        if self._busy:
            self._script = chain(self._script, script)
            return
        self._script = script
        self._busy = True
        self._crowd.busy += 1
        self._next()

    def close(self) -> None:
        self._closing = True
        super().close()

    def heard(self, text: bytes) -> None:
        match frames.parse(text):
            case frames.CallResult(self._awaited, payload) if payload is not None:
                self._awaited = None
                self._crowd.answered += 1
                self._crowd.answered_at = time.perf_counter()
                self._next()
            case frames.CallError(self._awaited, code, description):
                self._awaited = None
                self._crowd.errors[f"CALLERROR {code} {description}"] += 1
                self._next()
            case frames.Call(message_id, action, payload):
                self.send(frames.write_result(message_id, ACCEPTED))
                self.begin(self._crowd.obey(self, action, payload))
            case _:
                self._crowd.errors[f"unexpected frame {text[:100].decode(errors='replace')}"] += 1

    def lost(self, reason: str) -> None:
        if not self._closing:
            self._crowd.errors[reason] += 1

    def puzzled(self, kind: int) -> None:
        self._crowd.errors[f"unexpected websocket frame {kind:#x}"] += 1

    def _next(self) -> None:
        match next(self._script, None):
            case bytes() as what:
                self._number += 1
                self._awaited = f"{self._number:036d}"  # as long as a UUID
                self.send(b'[2,"%b",%b]' % (self._awaited.encode(), what))
            case None:
                self._busy = False
                self._crowd.busy -= 1
            case deed:
                task = asyncio.create_task(self._do(deed))
                self._crowd.tasks.add(task)
                task.add_done_callback(self._crowd.tasks.discard)

    async def _do(self, deed: Coroutine[None, None, None]) -> None:
        try:
            await deed
        except Exception as error:  # noqa: BLE001 (whatever it is, it is to be seen)
            self._crowd.errors[f"{type(error).__name__} {error}"] += 1
        self._next()
