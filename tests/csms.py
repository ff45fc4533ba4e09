"""A small CSMS for one test: it answers all that stations send, asks what it is told to, and keeps every frame."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import count
from typing import Any
from urllib.parse import unquote

from json_schemas import Schema, judge
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_station import SCENARIOS, Scenario, SimulatedStation

Payload = dict[str, Any]
SECONDS = 10


@cache
def official(action: str, half: str) -> Schema:
    """The schema of OCPP 2.0.1 for a request or a response."""
    file = resources.files("ocpp.v201.schemas") / f"{action}{half}.json"
    schema: Schema = json.loads(file.read_text(encoding="utf-8-sig"))
    return schema


@cache
def _judge(action: str, half: str) -> Any:  # noqa: ANN401 (untyped)
    return judge(official(action, half))


def check(action: str, half: str, payload: object, version: OcppVersion) -> None:
    """Fail for a payload that breaks the schema of its version; 2.0's are our models, which have tests of their own."""
    if version is OcppVersion.V201:
        _judge(action, half).validate(payload)
        return
    shapes = PROFILE.shapes(action, version)
    model = shapes.request if half == "Request" else shapes.response
    model.model_validate_json(json.dumps(payload), by_name=False, by_alias=True)


@dataclass
class Link:
    """One station's connection, as the CSMS sees it."""

    socket: ServerConnection
    version: OcppVersion
    frames: list[Any] = field(default_factory=list)
    """All that the station sent, in order; text where it is no JSON."""

    asked: dict[str, str] = field(default_factory=dict)
    answered: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def ask(self, action: str, **payload: object) -> Any:  # noqa: ANN401 (JSON)
        """The payload of the answer, or the whole frame of a CALLERROR."""
        message_id = f"c-{self.numbers()}"
        self.asked[message_id] = action
        self.answered[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        return await asyncio.wait_for(self.answered[message_id], SECONDS)

    def calls(self, action: str) -> list[Payload]:
        """The payloads of all CALLs of one action."""
        return [
            frame[3]
            for frame in self.frames
            if isinstance(frame, list) and frame[0] == 2 and frame[2] == action
        ]

    def order(self) -> list[str]:
        """Answers and CALLs as they came: an answer as its id, a CALL as its action."""
        return [frame[2] if frame[0] == 2 else frame[1] for frame in self.frames]

    def log_statuses(self) -> list[tuple[str, int | None]]:
        """What was said of uploads, and by which requestId."""
        said = self.calls("LogStatusNotification")
        return [(payload["status"], payload.get("requestId")) for payload in said]

    async def heard(self, action: str, count: int) -> None:
        """Wait until a CALL has come so many times."""
        await self.until(lambda: len(self.calls(action)) >= count)

    async def until(self, enough: Callable[[], object]) -> None:
        """Wait for what has to come."""
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: bool(enough())), SECONDS)


class Csms:
    """Answers as a CSMS that lets everybody in."""

    def __init__(self, *, checked: bool) -> None:
        self.links: dict[str, list[Link]] = {}
        self.faults: list[str] = []
        self.url = ""
        self._checked = checked
        self._came = asyncio.Condition()

    async def connections(self, count: int) -> None:
        """Wait until there have been so many."""
        async with self._came:
            await self._came.wait_for(lambda: sum(map(len, self.links.values())) >= count)

    def link(self, station: str) -> Link:
        """A station's newest connection."""
        return self.links[station][-1]

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        station = unquote(socket.request.path.rsplit("/", 1)[-1])
        link = Link(socket, OcppVersion(socket.subprotocol or ""))
        async with self._came:
            self.links.setdefault(station, []).append(link)
            self._came.notify_all()
        try:
            async for text in socket:
                await self._heard(link, text)
        except ConnectionClosed:
            pass

    async def _heard(self, link: Link, text: str | bytes) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            frame = text
        async with link.news:
            link.frames.append(frame)
            link.news.notify_all()
        match frame:
            case [2, str(message_id), str(action), *rest]:
                self._check(action, "Request", rest[0] if rest else {}, link)
                await link.socket.send(json.dumps([3, message_id, _answer(action)]))
            case [3, str(message_id), payload] if message_id in link.answered:
                self._check(link.asked[message_id], "Response", payload, link)
                if not link.answered[message_id].done():
                    link.answered[message_id].set_result(payload)
            case [4, str(message_id), *_] if message_id in link.answered:
                link.answered[message_id].set_result(frame)
            case _:
                pass

    def _check(self, action: str, half: str, payload: object, link: Link) -> None:
        if not self._checked:
            return
        try:
            check(action, half, payload, link.version)
        except Exception as error:  # noqa: BLE001 (whatever a judge says)
            self.faults.append(f"{action}{half} {payload}: {error}")


def _answer(action: str) -> Payload:
    match action:
        case "BootNotification":
            return {"currentTime": "2026-01-31T12:00:00Z", "interval": 300, "status": "Accepted"}
        case "Heartbeat":
            return {"currentTime": "2026-01-31T12:00:00Z"}
        case _:
            return {}


@asynccontextmanager
async def csms(*, checked: bool = True) -> AsyncIterator[Csms]:
    """A CSMS on a port of its own; at the end no frame has broken its schema, unless it is not `checked`."""
    made = Csms(checked=checked)
    protocols = [Subprotocol(version.value) for version in OcppVersion]
    async with serve(made.serve, "127.0.0.1", 0, subprotocols=protocols) as server:
        port = server.sockets[0].getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}/ocpp"
        yield made
    assert made.faults == []


@asynccontextmanager
async def connected(
    made: Csms,
    scenario: str | Scenario = "good",
    *,
    name: str = "CS-1",
    version: OcppVersion = OcppVersion.V201,
    **more: Any,  # noqa: ANN401 (whatever a station takes)
) -> AsyncIterator[tuple[SimulatedStation, Link]]:
    """A station that is up, and its connection; gone at the end."""
    chosen = SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    station = SimulatedStation(name, version=version, scenario=chosen, **more)
    life = asyncio.create_task(station.run(made.url))
    try:
        await asyncio.wait_for(station.booted.wait(), SECONDS)
        yield station, made.link(name)
    finally:
        await station.close()
        await life
