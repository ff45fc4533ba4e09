"""A station as a bare socket: what it says on the wire is what the test says, right or wrong."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from installation import Installation
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ocppdiag_contracts.versions import OcppVersion

Payload = dict[str, Any]
Answer = Payload | tuple[str, str, Payload]
BOOT: Payload = {"reason": "PowerUp", "chargingStation": {"model": "Bare", "vendorName": "Somebody"}}


class BareStation:
    """`answers` gives each answer (None: silence), `then` does what follows it.

    An answer is a payload, or what a CALLERROR has beside its message id: code, description, details.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.asked: list[tuple[str, Payload]] = []
        self.answers: Callable[[str, Payload], Answer | None] = lambda _, __: {"status": "Accepted"}
        self.then: Callable[[str, Payload], Awaitable[object]] | None = None
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self._doing: set[asyncio.Task[object]] = set()

    async def say(self, action: str, payload: Payload) -> Payload:
        """Send a CALL and return the CALLRESULT's payload; anything else fails the test."""
        answer = await self.exchange(action, payload)
        assert answer[0] == 3, answer
        result: Payload = answer[2]
        return result

    async def exchange(self, action: str, payload: object, within: float = 15) -> list[Any]:
        """Send a CALL and return the whole frame that answers it."""
        message_id = uuid4().hex
        self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        return await asyncio.wait_for(self._waiting[message_id], within)

    async def read(self) -> None:
        async for message in self.socket:
            frame = json.loads(message)
            if frame[0] == 2:
                await self._called(frame)
            else:
                self._waiting.pop(frame[1]).set_result(frame)

    async def _called(self, frame: list[Any]) -> None:
        _, message_id, action, payload = frame
        self.asked.append((action, payload))
        answer = self.answers(action, payload)
        if isinstance(answer, tuple):
            await self.socket.send(json.dumps([4, message_id, *answer]))
        elif answer is not None:
            await self.socket.send(json.dumps([3, message_id, answer]))
        if self.then:
            task = asyncio.ensure_future(self.then(action, payload))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def done(self) -> None:
        """What was to follow has happened; a failure of it is the test's."""
        while self._doing:
            await asyncio.gather(*self._doing)


@asynccontextmanager
async def bare_station(
    installation: Installation, name: str, version: OcppVersion = OcppVersion.V201
) -> AsyncIterator[BareStation]:
    """Connected and booted."""
    basic = b64encode(f"{name}:{await installation.password(name)}".encode()).decode()
    async with connect(
        f"{installation.running.gateway_url}/{quote(name, safe='')}",
        subprotocols=[Subprotocol(version.value)],
        additional_headers={"Authorization": f"Basic {basic}"},
    ) as socket:
        station = BareStation(socket)
        reading = asyncio.create_task(station.read())
        try:
            assert (await station.say("BootNotification", BOOT))["status"] == "Accepted"
            yield station
            await station.done()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if not reading.cancelled() and (error := reading.exception()):
                assert isinstance(error, ConnectionClosed), error
