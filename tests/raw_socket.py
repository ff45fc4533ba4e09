"""A websocket written by hand, byte for byte: to send what no client library would send, and see what comes back."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from wrong_frames import CLOSE, PING, PONG, TEXT

SECONDS = 10.0


@dataclass
class RawSocket:
    """`read` gives (opcode with its upper bits, content), or None at the end of the connection."""

    head: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self) -> tuple[int, bytes] | None:
        try:
            async with asyncio.timeout(SECONDS):
                first, size = await self.reader.readexactly(2)
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
                return first, await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def text(self) -> bytes:
        """The next text; pings are left unanswered."""
        while (came := await self.read()) is not None:
            if came[0] & 0xF == TEXT:
                return came[1]
            assert came[0] & 0xF in (PING, PONG), came
        raise ConnectionError("the end, and no text before it")

    async def close_code(self) -> int | None:
        """The code of the close frame that comes before the end: None if there is none."""
        code = None
        while (came := await self.read()) is not None:
            if came[0] & 0xF == CLOSE:
                code = int.from_bytes(came[1][:2])
        return code


@asynccontextmanager
async def raw_socket(
    url: str, name: str, password: str = "", *, extensions: str = "", limit: int = 2**20
) -> AsyncIterator[RawSocket]:
    """Open a websocket by hand; the head of the answer says whether that went well. `limit` is what is read ahead."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=limit)
    basic = b64encode(f"{name}:{password}".encode()).decode()
    lines = [
        f"GET /{quote(name, safe='')} HTTP/1.1",
        f"Host: {address.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: ocpp2.0.1",
        f"Authorization: Basic {basic}",
        *([f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
        yield RawSocket(head.decode(), reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
