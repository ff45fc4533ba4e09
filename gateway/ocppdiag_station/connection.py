"""A station's websocket: its own CALLs one at a time, and the CSMS's CALLs brought to a handler."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import quote
from uuid import uuid4

import structlog
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp import frames
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.profile import UnknownActionError

log = structlog.get_logger()

CALL_SECONDS = 60.0
R = TypeVar("R", bound=OcppModel)
Answer = Callable[[str, OcppModel], Awaitable[OcppModel | None]]
"""From action and request to response; None for a station that stays silent."""


class ConnectionRefusedByGatewayError(Exception):
    """The gateway does not let this station in, or is not there."""


class CallFailedError(Exception):
    """The CSMS answered with a CALLERROR."""


class StationConnection:
    """One connection, from `open` until `run` returns."""

    def __init__(self, socket: ClientConnection, version: OcppVersion, answer: Answer) -> None:
        self._socket = socket
        self._version = version
        self._answer = answer
        self._turn = asyncio.Lock()
        self._awaited: tuple[str, asyncio.Future[frames.CallResult | frames.CallError]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls, url: str, station: str, password: str | None, version: OcppVersion, answer: Answer
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
        except (InvalidHandshake, OSError, TimeoutError) as error:
            raise ConnectionRefusedByGatewayError(f"{station}: {error}") from error
        return cls(socket, version, answer)

    async def run(self) -> None:
        """Read until the connection ends."""
        try:
            async for message in self._socket:
                self._received(message)
        except ConnectionClosed:
            pass
        finally:
            if self._awaited:
                self._awaited[1].cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def call(self, action: str, request: OcppModel, response: type[R]) -> R:
        """Send a CALL when the one before is answered, and return its answer.

        Raises:
            CallFailedError: the CSMS answered with a CALLERROR.
            TimeoutError: it did not answer.
            ConnectionClosed: the connection went.

        """
        async with self._turn:
            message_id = uuid4().hex
            future: asyncio.Future[frames.CallResult | frames.CallError] = (
                asyncio.get_running_loop().create_future()
            )
            self._awaited = (message_id, future)
            try:
                await self.send(frames.write_call(message_id, action, request.to_wire()))
                answer = await asyncio.wait_for(future, CALL_SECONDS)
            finally:
                self._awaited = None
        if isinstance(answer, frames.CallError):
            raise CallFailedError(f"{action}: {answer.code} {answer.description}")
        return response.model_validate_json(bytes(answer.payload or b"{}"))

    async def send(self, frame: bytes) -> None:
        """Write a frame as it is. Raises ConnectionClosed."""
        await self._socket.send(frame, text=True)

    async def close(self) -> None:
        """Say goodbye."""
        await self._socket.close()

    def abort(self) -> None:
        """Vanish, as stations do."""
        self._socket.transport.abort()

    def _received(self, message: str | bytes) -> None:
        match frames.parse(message):
            case frames.Call() as call:
                task = asyncio.create_task(self._on_call(call))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case (frames.CallResult(message_id) | frames.CallError(message_id)) as answer:
                if self._awaited and self._awaited[0] == message_id and not self._awaited[1].done():
                    self._awaited[1].set_result(answer)
            case frames.Malformed(reason):
                log.warning("csms_frame_malformed", reason=reason)

    async def _on_call(self, call: frames.Call) -> None:
        try:
            payload = bytes(call.payload)
            PROFILE.shapes(call.action, self._version).request.model_validate_json(payload)
            # Exact for the version spoken, then in the words of 2.0.1, which the handlers speak.
            request = PROFILE.shapes(call.action, OcppVersion.V201).request.model_validate_json(payload)
            response = await self._answer(call.action, request)
        except UnknownActionError:
            await self.send(frames.write_error(call.message_id, ErrorCode.NOT_IMPLEMENTED))
        except ValidationError:
            await self.send(frames.write_error(call.message_id, ErrorCode.FORMAT_VIOLATION))
        else:
            if response is not None:
                await self.send(frames.write_result(call.message_id, response.to_wire()))
