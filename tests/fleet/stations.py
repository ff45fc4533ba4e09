"""Stations that write CALLs and check answers as cheaply as can be, to measure what is behind them."""

import asyncio
import time
from array import array
from collections import Counter

from bare_websocket import BareWebsocket
from msgspec.json import decode

from ocppdiag_ocpp import frames


class Tally:
    """What became of the calls of many stations, and whether they go on calling."""

    def __init__(self) -> None:
        self.going = True
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
        if self.outstanding:
            await self.quiet.wait()


class Station(BareWebsocket):
    """One station: at most one CALL under way, and the next one as soon as it is answered."""

    def __init__(self, name: str, password: str, gateway_url: str) -> None:
        super().__init__(gateway_url, name, password)
        self.what = b'"Heartbeat",{}'
        self.asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # its GetLog's requestId
        self._tally = Tally()
        self._number = 0
        self._awaited: str | None = None
        self._sent_at = 0.0

    def start(self, tally: Tally) -> None:
        """Call for as long as the tally is going."""
        self._tally = tally
        self._call()

    def close(self) -> None:
        """Say goodbye; what happens from now on counts no more."""
        self._tally = Tally()
        super().close()

    def lost(self, reason: str) -> None:
        if self._awaited:
            self._awaited = None
            self._tally.ended(error=reason)
        else:
            self._tally.errors[reason] += 1

    def puzzled(self, kind: int) -> None:
        self._tally.errors[f"unexpected websocket frame {kind:#x}"] += 1

    def heard(self, text: bytes) -> None:
        match frames.parse(text):
            case frames.CallResult(self._awaited, payload) if payload is not None:
                self._awaited = None
                self._tally.ended(after=time.perf_counter() - self._sent_at)
                if self._tally.going:
                    self._call()
            case frames.CallError(self._awaited, code, description):
                self._awaited = None
                self._tally.ended(error=f"CALLERROR {code} {description}")
            case frames.Call(message_id, "GetLog", payload) if not self.asked.done():
                self.send(frames.write_result(message_id, b'{"status":"Accepted"}'))
                self.asked.set_result(decode(payload)["requestId"])
            case _:
                self._tally.errors[f"unexpected frame {text[:100].decode(errors='replace')}"] += 1

    def _call(self) -> None:
        self._number += 1
        self._awaited = f"{self._number:036d}"  # as long as a UUID
        self._tally.began()
        self._sent_at = time.perf_counter()
        self.send(b'[2,"%b",%b]' % (self._awaited.encode(), self.what))
