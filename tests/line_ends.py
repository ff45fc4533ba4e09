"""Both ends of one connection on one event loop: the gateway's side, and a station's as a bare socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from raw_socket import RawSocket, raw_socket
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from ocppdiag_gateway.compression import COMPRESSION
from ocppdiag_gateway.line import Line

LARGEST = 2**20
UNTIL_SECONDS = 20.0


class Ends:
    """Both ends of one connection: what the server's end has heard, and the station's end as a bare socket."""

    def __init__(self) -> None:
        self.server: Line
        self.heard: list[str | bytes] = []
        self.station: RawSocket
        self.over = asyncio.Event()

    async def serve(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Line)
        self.server = socket
        await socket.listen(self.heard.append)
        self.over.set()


@asynccontextmanager
async def ends(
    extensions: str = "", *, ping_interval: float | None = None, ping_timeout: float = 60.0
) -> AsyncIterator[Ends]:
    made = Ends()
    async with (
        serve(
            made.serve,
            "127.0.0.1",
            0,
            create_connection=Line,
            subprotocols=[Subprotocol("ocpp2.0.1")],
            extensions=[COMPRESSION],
            compression=None,
            max_size=LARGEST,
            max_queue=4,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=4.0,
        ) as server,
        raw_socket(
            f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "CS-1", extensions=extensions
        ) as station,
    ):
        assert station.head.startswith("HTTP/1.1 101 "), station.head
        made.station = station
        yield made


async def until(this: Callable[[], bool]) -> None:
    async with asyncio.timeout(UNTIL_SECONDS):
        while not this():  # noqa: ASYNC110 (no event says so)
            await asyncio.sleep(0)
