"""A station that a test plays step by step, as certification tools do: ChargePoint of the PyPI package `ocpp`.

The package checks each message, both ways, against the official JSON schemas of OCPP 2.0.1. A request of ours that
breaks them fails the test, and so does one that the test has not asked for.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

from installation import Installation
from ocpp.v201 import ChargePoint, call
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled
from ocppdiag_contracts.commands import Command

PATIENCE_SECONDS = 15.0

REQUESTS = (
    "ClearVariableMonitoring",
    "CustomerInformation",
    "GetLog",
    "GetMonitoringReport",
    "GetVariables",
    "SendLocalList",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetVariableMonitoring",
    "TriggerMessage",
)

Payload = dict[str, Any]
T = TypeVar("T")


class Wire:
    """The socket, with what the CSMS has said on it: the package would spell the members in another way."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.said: dict[str, Payload] = {}
        """By message id."""

    async def recv(self) -> str:
        text = await self._socket.recv(decode=True)
        frame = json.loads(text)
        self.said[frame[1]] = frame[-1]
        return text

    async def send(self, text: str) -> None:
        assert json.loads(text)[0] != 4, f"the request was no good: {text}"
        await self._socket.send(text)


@dataclass(frozen=True)
class Request:
    """What the CSMS asks, unanswered."""

    action: str
    payload: Payload
    response: asyncio.Future[object]
    routed: asyncio.Task[object]


class ScriptedStation(ChargePoint):  # type: ignore[misc]  # untyped
    """`asked` brings the next request, `answers` answers it, `says` sends a notification; all in the test's order."""

    def __init__(self, identity: str, wire: Wire) -> None:
        super().__init__(identity, wire, response_timeout=PATIENCE_SECONDS)
        self.route_map = {action: {"_on_action": partial(self._requested, action)} for action in REQUESTS}
        self.wire = wire
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.unanswered: Request | None = None
        self.reading = asyncio.create_task(self.start())

    async def start(self) -> None:
        """Read on while a request waits for its answer: the two directions know nothing of each other."""
        async with asyncio.TaskGroup() as routing:
            while True:
                routing.create_task(self.route_message(await self.wire.recv()))

    async def _requested(self, action: str, *, call_unique_id: str, **_: object) -> object:
        routed = asyncio.current_task()
        assert routed
        response = asyncio.get_running_loop().create_future()
        self.requests.put_nowait(Request(action, self.wire.said[call_unique_id], response, routed))
        return await response

    async def asked(self, action: str) -> Payload:
        """Return the payload of the next request, which is for this, as it was on the wire."""
        assert self.unanswered is None
        self.unanswered = await self._meanwhile(self.requests.get())
        assert self.unanswered.action == action
        return self.unanswered.payload

    async def answers(self, response: object) -> None:
        """Answer the request that was last asked for, with a `call_result` of the package."""
        assert self.unanswered
        self.unanswered.response.set_result(response)
        await self.unanswered.routed
        self.unanswered = None

    async def says(self, notification: object) -> None:
        """Send a `call` of the package; the CSMS has nothing to say to any of them, and says just that."""
        message_id = uuid4().hex
        await self._meanwhile(self.call(notification, suppress=False, unique_id=message_id))
        assert self.wire.said[message_id] == {}

    async def boot(self) -> None:
        """The state that every certification test begins with."""
        boot = call.BootNotification({"model": "Scripted", "vendor_name": "Somebody"}, "PowerUp")
        answer = await self._meanwhile(self.call(boot, suppress=False))
        assert answer.status == "Accepted"
        await self.says(
            call.StatusNotification("2026-01-31T12:00:00Z", "Available", evse_id=1, connector_id=1)
        )

    def assert_all_played(self) -> None:
        """The test has asked for everything that came, and answered it, and nothing broke."""
        if self.reading.done():
            self.reading.result()
        assert self.unanswered is None
        assert self.requests.empty(), self.requests.get_nowait()

    async def _meanwhile(self, coming: Coroutine[Any, Any, T]) -> T:
        """Wait for something; what ends the reading before that, is the test's failure."""
        waiting = asyncio.ensure_future(coming)
        await asyncio.wait(
            {self.reading, waiting}, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        if self.reading.done():
            self.reading.result()
        raise TimeoutError


@asynccontextmanager
async def scripted_station(installation: Installation, name: str) -> AsyncIterator[ScriptedStation]:
    """Connected and booted; nothing may be left unanswered at the end."""
    basic = b64encode(f"{name}:{await installation.password(name)}".encode()).decode()
    async with connect(
        f"{installation.running.gateway_url}/{quote(name, safe='')}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        additional_headers={"Authorization": f"Basic {basic}"},
    ) as socket:
        station = ScriptedStation(name, Wire(socket))
        try:
            await station.boot()
            yield station
            station.assert_all_played()
        finally:
            station.reading.cancel()
            await asyncio.gather(station.reading, return_exceptions=True)


async def end_of(command: Command, operator: Diagnostics) -> CommandSettled:
    """What the operator sees of a command in the end."""
    return await asyncio.wait_for(operator.settle(command), PATIENCE_SECONDS)
