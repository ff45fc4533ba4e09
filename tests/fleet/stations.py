"""Stations as cheap as can be: bare websockets that write CALLs and check answers, to measure what is behind them."""

import asyncio
import time
from array import array
from base64 import b64encode
from collections import Counter
from typing import cast
from urllib.parse import quote, urlsplit

from msgspec.json import decode

from ocppdiag_ocpp import frames

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
NO_MASK = bytes(4)  # a client has to mask; with zeros that costs nothing, and the server unmasks all the same
ONE_BYTE, TWO_BYTES = 126, 127
SESSION_KEY = b64encode(bytes(16)).decode()
CONNECT_SECONDS = 30


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


class Station(asyncio.Protocol):
    """One station: at most one CALL under way, and the next one as soon as it is answered."""

    def __init__(self, name: str, password: str, gateway_url: str) -> None:
        self.name = name
        self.what = b'"Heartbeat",{}'
        self.asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # its GetLog's requestId
        self._address = urlsplit(gateway_url)  # ws://host:port
        self._basic = b64encode(f"{name}:{password}".encode()).decode()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self._unread = b""
        self._tally = Tally()
        self._number = 0
        self._awaited: str | None = None
        self._sent_at = 0.0

    async def open(self) -> None:
        """Connect; raises ConnectionError when not let in."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            await loop.create_connection(lambda: self, self._address.hostname or "", self._address.port or 80)
            await self._opened

    def start(self, tally: Tally) -> None:
        """Call for as long as the tally is going."""
        self._tally = tally
        self._call()

    def close(self) -> None:
        """Say goodbye; what happens from now on counts no more."""
        self._tally = Tally()
        self._write(CLOSE, b"\x03\xe8")
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only
        request = [
            f"GET /{quote(self.name, safe='')} HTTP/1.1",
            f"Host: {self._address.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {SESSION_KEY}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: ocpp2.0.1",
            f"Authorization: Basic {self._basic}",
        ]
        self._transport.write("\r\n".join([*request, "", ""]).encode())

    def connection_lost(self, error: Exception | None) -> None:
        reason = f"connection lost{f': {error}' if error else ''}"
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(f"{self.name}: {reason}"))
        elif self._awaited:
            self._awaited = None
            self._tally.ended(error=reason)
        else:
            self._tally.errors[reason] += 1

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._opened.done():
            head, end, self._unread = self._unread.partition(b"\r\n\r\n")
            if not end:
                self._unread = head
            elif head.startswith(b"HTTP/1.1 101 "):
                self._opened.set_result(None)
            else:
                refusal = head.partition(b"\r\n")[0].decode(errors="replace")
                self._opened.set_exception(ConnectionError(f"{self.name}: {refusal}"))
                self._transport.close()
        while self._opened.done() and (frame := self._frame()):
            kind, content = frame
            if kind == TEXT:
                self._heard(content)
            elif kind == PING:
                self._write(PONG, content)
            elif kind != CLOSE:  # after which the connection is lost
                self._tally.errors[f"unexpected websocket frame {kind:#x}"] += 1

    def _frame(self) -> tuple[int, bytes] | None:
        """Take one frame off what is unread, if it is all there."""
        data = self._unread
        if len(data) < 2:
            return None
        start, size = 2, data[1]
        if size >= ONE_BYTE:
            start = 4 if size == ONE_BYTE else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start])
        if len(data) < (end := start + size):
            return None
        self._unread = data[end:]
        return data[0], data[start:end]

    def _heard(self, text: bytes) -> None:
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
                self._write(TEXT, frames.write_result(message_id, b'{"status":"Accepted"}'))
                self.asked.set_result(decode(payload)["requestId"])
            case _:
                self._tally.errors[f"unexpected frame {text[:100].decode(errors='replace')}"] += 1

    def _call(self) -> None:
        self._number += 1
        self._awaited = f"{self._number:036d}"  # as long as a UUID
        self._tally.began()
        self._sent_at = time.perf_counter()
        self._write(TEXT, b'[2,"%b",%b]' % (self._awaited.encode(), self.what))

    def _write(self, kind: int, content: bytes) -> None:
        size = len(content)
        if size < ONE_BYTE:
            head = bytes((kind, 0x80 | size))
        else:
            head = bytes((kind, 0x80 | ONE_BYTE)) + size.to_bytes(2)
        self._transport.write(head + NO_MASK + content)
