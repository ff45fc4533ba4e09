"""A websocket as cheap as can be, from the station's side: no task of its own, its texts in and out, pings answered.

Its masks are zeros: a client has to mask, zeros cost nothing, and the server unmasks all the same.
"""

import asyncio
import zlib
from base64 import b64encode
from ssl import SSLContext
from typing import cast
from urllib.parse import quote, urlsplit

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
DEFLATED = 0x40
NO_MASK = bytes(4)
ONE_BYTE, TWO_BYTES = 126, 127
SESSION_KEY = b64encode(bytes(16)).decode()
CONNECT_SECONDS = 30.0
CERTIFIED = "localhost"
"""Whose certificate the gateway has to show."""

EMPTY_BLOCK = b"\x00\x00\xff\xff"
"""What permessage-deflate leaves out at the end of each message (RFC 7692, 7.2.1)."""


class BareWebsocket(asyncio.Protocol):
    """One connection of one station; what it hears goes to the methods that a subclass gives it."""

    def __init__(self, gateway_url: str, name: str, password: str, *, deflate: bool = False) -> None:
        self.name = name
        self.gateway_url = gateway_url
        self.open = False
        self.goodbye: int | None = None
        """The code of the gateway's close frame."""
        self._address = urlsplit(gateway_url)  # ws://host:port
        self._basic = b64encode(f"{name}:{password}".encode()).decode()
        self._deflate = deflate
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self._unread = b""

    def heard(self, text: bytes) -> None:
        """Take a text."""

    def lost(self, reason: str) -> None:
        """Take the end of a connection that was open."""

    def puzzled(self, kind: int) -> None:
        """Take a frame of a kind that a gateway does not send."""

    async def connect(
        self, *, source: str | None = None, tls: SSLContext | None = None, within: float = CONNECT_SECONDS
    ) -> None:
        """Connect from the address `source`; raises OSError, or TimeoutError, when not let in."""
        address = self._address
        async with asyncio.timeout(within):
            await asyncio.get_running_loop().create_connection(
                lambda: self,
                address.hostname or "",
                address.port or 80,
                local_addr=(source, 0) if source else None,
                ssl=tls,
                server_hostname=CERTIFIED if tls else None,
                ssl_handshake_timeout=within if tls else None,
            )
            try:
                await self._opened
            except asyncio.CancelledError:
                self._transport.abort()
                raise

    def send(self, text: bytes) -> None:
        """Send a text; what is sent after the end goes nowhere."""
        if self._deflate:
            packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            packed = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
            self._write(TEXT | DEFLATED, packed.removesuffix(EMPTY_BLOCK))
        else:
            self._write(TEXT, text)

    def close(self) -> None:
        """Say goodbye and go."""
        self._write(CLOSE, b"\x03\xe8")
        self._transport.close()

    def drop(self) -> None:
        """Be gone from one moment to the next."""
        self._transport.abort()

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
            *(["Sec-WebSocket-Extensions: permessage-deflate"] if self._deflate else []),
        ]
        self._transport.write("\r\n".join([*request, "", ""]).encode())

    def connection_lost(self, error: Exception | None) -> None:
        reason = f"connection lost{f': {error}' if error else ''}"
        if self.open:
            self.open = False
            self.lost(reason)
        elif not self._opened.done():
            self._opened.set_exception(ConnectionError(reason))

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self.open and not self._upgraded():
            return
        while self.open and (frame := self._frame()):
            kind, content = frame
            if kind == TEXT:
                self.heard(content)
            elif kind == TEXT | DEFLATED:
                self.heard(zlib.decompress(content + EMPTY_BLOCK + b"\x03\x00", wbits=-zlib.MAX_WBITS))
            elif kind == PING:
                self._write(PONG, content)
            elif kind == CLOSE:
                self.goodbye = int.from_bytes(content[:2])
                self._write(CLOSE, content[:2])  # after which the gateway ends the connection
            else:
                self.puzzled(kind)

    def _upgraded(self) -> bool:
        """Read the answer to the upgrade, once it is there."""
        head, end, rest = self._unread.partition(b"\r\n\r\n")
        if not end or self._opened.done():
            return False
        self._unread = rest
        if not head.startswith(b"HTTP/1.1 101 "):
            self._opened.set_exception(ConnectionError(head.partition(b"\r\n")[0].decode(errors="replace")))
            self._transport.close()
            return False
        if self._deflate and b"permessage-deflate" not in head:
            self._opened.set_exception(ConnectionError("no permessage-deflate"))
            self._transport.close()
            return False
        self.open = True
        self._opened.set_result(None)
        return True

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

    def _write(self, kind: int, content: bytes) -> None:
        size = len(content)
        if size < ONE_BYTE:
            head = bytes((kind, 0x80 | size))
        else:
            head = bytes((kind, 0x80 | ONE_BYTE)) + size.to_bytes(2)
        self._transport.write(head + NO_MASK + content)
