"""A way to a server that a test can cut, freeze, slow, lead elsewhere and mend: a small TCP proxy on loopback."""

import asyncio
from contextlib import suppress
from typing import Self

from yarl import URL

LARGEST_CHUNK = 65536
MOST_UNDER_WAY = 16
"""Chunks that have been sent and have not arrived."""


class Wire:
    """The way to a server, or to the first that lets itself be reached of several, taken in turn.

    It can be cut (and refuse new connections), frozen with the connections open (`flowing`), or only its way back
    (`answering`), slowed, and led to other servers (`to`); its own address stays.
    """

    def __init__(self, *urls: str) -> None:
        self.to = [URL(url) for url in urls]
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.answering = asyncio.Event()
        self.answering.set()
        self.delay = 0.0
        """Seconds that each byte is under way."""
        self.bytes_per_second = float("inf")
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = str(self.to[0].with_host("127.0.0.1").with_port(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.flowing.set()
        self.answering.set()
        self.cut(refuse=True)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cut(self, *, refuse: bool = False) -> None:
        self._open = not refuse
        while self._writers:
            self._writers.pop().transport.abort()

    def mend(self) -> None:
        self._open = True

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = await self._reach() if self._open else None
        if ends is None or not self._open:
            for end in (writer, ends[1]) if ends else (writer,):
                end.transport.abort()
            return
        there, thither = ends
        self._writers |= {writer, thither}
        for way in (self._pump(reader, thither), self._pump(there, writer, self.answering)):
            task = asyncio.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self.to)):
            self.to.append(url := self.to.pop(0))
            with suppress(OSError):
                return await asyncio.open_connection(url.host, url.port)
        return None

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None = None
    ) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_UNDER_WAY)
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        with suppress(ConnectionError):
            while data := await reader.read(int(min(LARGEST_CHUNK, max(1.0, self.bytes_per_second)))):
                await asyncio.sleep(len(data) / self.bytes_per_second)
                await self.flowing.wait()
                if gate:
                    await gate.wait()
                await under_way.put((asyncio.get_running_loop().time() + self.delay, data))
        await under_way.put((0.0, b""))
        await arriving
        self._writers.discard(writer)
        writer.close()

    @staticmethod
    async def _arrive(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Write each chunk when its time has come, in their order."""
        while (chunk := await under_way.get())[1]:
            at, data = chunk
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            with suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
