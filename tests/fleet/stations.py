"""Stations that write CALLs and check answers as cheaply as can be, to measure what is behind them."""

import asyncio
import time
from array import array
from collections import Counter, deque

from bare_websocket import BareWebsocket
from msgspec.json import decode

from ocppdiag_ocpp import frames


class Tally:
    """What became of the calls of many stations, and whether each answer is followed by the next call."""

    def __init__(self, *, going: bool = True) -> None:
        self.going = going
        self.seconds = array("d")  # of each answered call
        self.errors: Counter[str] = Counter()
        self.outstanding = 0
        self.quiet = asyncio.Event()

    def began(self) -> None:
        """One more call is under way."""
        self.outstanding += 1

    def ended(self, *, error: str | None = None, after: float = 0.0) -> None:
        """One call is over."""
        if error:
            self.errors[error] += 1
        else:
            self.seconds.append(after)
        self.outstanding -= 1
        if not (self.outstanding or self.going):
            self.quiet.set()

    async def rest(self) -> None:
        """Have nobody call again, and wait until nothing is under way."""
        self.going = False
        self.quiet.clear()
        if self.outstanding:
            await self.quiet.wait()


class Station(BareWebsocket):
    """One station: at most one CALL under way, those that are due meanwhile after it."""

    def __init__(self, name: str, password: str, gateway_url: str) -> None:
        super().__init__(gateway_url, name, password)
        self.what = b'"Heartbeat",{}'
        self.asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # its GetLog's requestId
        self._tally = Tally()
        self._number = 0
        self._awaited: str | None = None
        self._since = 0.0
        self._due: deque[float] = deque()

    def count_in(self, tally: Tally) -> None:
        """From now on its calls belong there."""
        self._tally = tally

    def call(self, due: float) -> None:
        """Call now, or when the CALL under way is answered; the call takes its time from `due` (`perf_counter`)."""
        self._tally.began()
        if not self.open:
            self._tally.ended(error="call without a connection")
            return
        self._due.append(due)
        if self._awaited is None:
            self._send_next()

    def close(self) -> None:
        """Say goodbye; what happens from now on counts no more."""
        self._tally = Tally()
        if self.open:
            super().close()

    def lost(self, reason: str) -> None:
        if not self._awaited:
            self._tally.errors[reason] += 1
            return
        self._awaited = None
        for _ in (self._since, *self._due):
            self._tally.ended(error=reason)
        self._due.clear()

    def puzzled(self, kind: int) -> None:
        self._tally.errors[f"unexpected websocket frame {kind:#x}"] += 1

    def heard(self, text: bytes) -> None:
        match frames.parse(text):
            case frames.CallResult(self._awaited, payload) if payload is not None:
                self._awaited = None
                now = time.perf_counter()
                self._tally.ended(after=now - self._since)
                if self._due:
                    self._send_next()
                elif self._tally.going:
                    self.call(now)
            case frames.CallError(self._awaited, code, description):
                self._awaited = None
                self._tally.ended(error=f"CALLERROR {code} {description}")
                if self._due:
                    self._send_next()
            case frames.Call(message_id, "GetLog", payload) if not self.asked.done():
                self.send(frames.write_result(message_id, b'{"status":"Accepted"}'))
                self.asked.set_result(decode(payload)["requestId"])
            case _:
                self._tally.errors[f"unexpected frame {text[:100].decode(errors='replace')}"] += 1

    def _send_next(self) -> None:
        self._number += 1
        self._awaited = f"{self._number:036d}"  # as long as a UUID
        self._since = self._due.popleft()
        self.send(b'[2,"%b",%b]' % (self._awaited.encode(), self.what))
