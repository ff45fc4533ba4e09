"""A way to a server that a test can cut, freeze and mend: a small TCP proxy on loopback."""

import asyncio
from contextlib import suppress
from typing import Self

from yarl import URL


class Wire:
    """The way to the broker: it can be cut (and refuse new connections), or frozen with the connection open."""

    def __init__(self, url: str) -> None:
        self._to = URL(url)
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = str(self._to.with_host("127.0.0.1").with_port(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.flowing.set()
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
        if not self._open:
            writer.transport.abort()
            return
        there, thither = await asyncio.open_connection(self._to.host, self._to.port)
        self._writers |= {writer, thither}
        for way in (self._pump(reader, thither), self._pump(there, writer)):
            task = asyncio.create_task(way)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self.flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
