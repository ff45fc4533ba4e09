"""A station's websocket: its own CALLs one at a time, and the CSMS's CALLs brought to whoever answers them."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from msgspec import Raw
from msgspec.json import encode
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp import frames
from ocppdiag_ocpp.frames import MessageType
from ocppdiag_station.scenario import Wire

log = structlog.get_logger()

CALL_SECONDS = 60.0
Asked = Callable[[frames.Call], Awaitable[None]]
"""Whoever answers what the CSMS asks."""


class ConnectionRefusedByGatewayError(Exception):
    """The gateway does not let this station in, or is not there."""


class CallFailedError(Exception):
    """The CSMS answered with a CALLERROR."""


class StationConnection:
    """One connection, from `open` until `run` returns."""

    def __init__(self, socket: ClientConnection, asked: Asked, wire: Wire) -> None:
        self._socket = socket
        self._asked = asked
        self._wire = wire
        self._turn = asyncio.Lock()
        self._numbers = count()
        self._awaited: tuple[str, asyncio.Future[frames.CallResult | frames.CallError]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        station: str,
        *,
        password: str | None,
        version: OcppVersion,
        asked: Asked,
        wire: Wire,
    ) -> "StationConnection":
        """Connect to `ws://host:port/path`, to which the identity is added.

        Raises:
            ConnectionRefusedByGatewayError: not let in, or nobody there.

        """
        basic = b64encode(f"{station}:{password}".encode()).decode()
        try:
            socket = await connect(
                f"{url.rstrip('/')}/{quote(station, safe='')}",
                subprotocols=[Subprotocol(version.value)],
                additional_headers={"Authorization": f"Basic {basic}"} if password is not None else None,
                proxy=None,
            )
        except (InvalidHandshake, InvalidURI, OSError, TimeoutError) as error:
            raise ConnectionRefusedByGatewayError(f"{station}: {error}") from error
        return cls(socket, asked, wire)

    @property
    def ended(self) -> str:
        """How it has ended: the close code and the reason."""
        return f"{self._socket.close_code} {self._socket.close_reason or ''}".strip()

    async def run(self) -> None:
        """Read until the connection ends."""
        try:
            async for message in self._socket:
                await self._received(message)
        except ConnectionClosed:
            pass
        finally:
            if self._awaited:
                self._awaited[1].cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def call(self, action: str, payload: Any) -> bytes:  # noqa: ANN401 (JSON, which faults may have bent)
        """Send a CALL when the one before is answered, and return the payload of its answer.

        Raises:
            CallFailedError: the CSMS answered with a CALLERROR.
            TimeoutError: it did not answer.
            ConnectionClosed: the connection went.

        """
        async with self._turn:
            number = next(self._numbers)
            message_id = self._wire.message_id(number) if self._wire.message_id else uuid4().hex
            future: asyncio.Future[frames.CallResult | frames.CallError] = (
                asyncio.get_running_loop().create_future()
            )
            self._awaited = (message_id, future)
            try:
                for noise in self._wire.noise:
                    await self._socket.send(noise, text=True)
                await self._write([MessageType.CALL, message_id, action, payload])
                async with asyncio.timeout(CALL_SECONDS):
                    answer = await future
            finally:
                self._awaited = None
        if isinstance(answer, frames.CallError):
            raise CallFailedError(f"{action}: {answer.code} {answer.description}")
        return bytes(answer.payload or Raw(b"{}"))

    async def answer(self, message_id: str, payload: Any) -> None:  # noqa: ANN401 (as above)
        """Send a CALLRESULT. Raises ConnectionClosed."""
        await self._write([MessageType.CALLRESULT, message_id, payload])

    async def refuse(self, message_id: str, code: str, description: str = "") -> None:
        """Send a CALLERROR. Raises ConnectionClosed."""
        await self._write([MessageType.CALLERROR, message_id, code, description, {}])

    async def send(self, frame: bytes) -> None:
        """Write a frame as it is. Raises ConnectionClosed."""
        await self._socket.send(frame, text=True)

    async def close(self) -> None:
        """Say goodbye."""
        await self._socket.close()

    def abort(self) -> None:
        """Vanish, as stations do."""
        self._socket.transport.abort()

    async def _write(self, members: list[Any]) -> None:
        await self.send(encode(self._wire.members(members) if self._wire.members else members))

    async def _received(self, message: str | bytes) -> None:
        match frames.parse(message):
            case frames.Call() as call:
                task = asyncio.create_task(self._asked_by(call))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case (frames.CallResult(message_id) | frames.CallError(message_id)) as answer:
                if self._wire.grumbles and isinstance(answer, frames.CallResult):
                    await self.refuse(message_id, "GenericError", "no thanks")
                if self._awaited and self._awaited[0] == message_id and not self._awaited[1].done():
                    self._awaited[1].set_result(answer)
            case frames.Malformed(reason):
                log.warning("csms_frame_malformed", reason=reason)

    async def _asked_by(self, call: frames.Call) -> None:
        try:
            await self._asked(call)
        except ConnectionClosed:
            pass
        except (CallFailedError, TimeoutError) as error:
            log.warning("station_script_ended", action=call.action, error=str(error))
