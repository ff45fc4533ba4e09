"""One connection of a station of the suite, with every frame written down; in our own words, and in PyPI `ocpp`'s."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

import marks
from histories import Answer, Executed, Histories, Told
from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case
from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.client import ClientConnection

ANSWER_SECONDS = 65
"""A little more than the gateway takes to say that it has no answer."""

Payload = Mapping[str, Any]

silent = logging.getLogger("ocppdiag.faults.silent")
silent.disabled = True


class Brain(Protocol):
    """What a station does about a CALL."""

    def answer(self, action: str, payload: Payload) -> dict[str, Any] | None:
        """Return the CALLRESULT, or None for silence."""
        ...

    def owe(self, action: str, payload: Payload) -> None:
        """Begin with what follows an answer."""
        ...


class Line:
    """A websocket that writes down the CALLs in both directions, and what became of the station's own."""

    def __init__(self, socket: ClientConnection, station: str, number: int, histories: Histories) -> None:
        self._socket = socket
        self._station = station
        self._number = number
        self._histories = histories
        self._unanswered: dict[str, tuple[str, Payload]] = {}

    async def recv(self) -> str:
        text = str(await self._socket.recv())
        match json.loads(text):
            case [2, str(message_id), str(action), dict(payload)]:
                self._histories.executed.append(
                    Executed(
                        time.monotonic(),
                        self._station,
                        self._number,
                        message_id,
                        action,
                        marks.of_call(action, payload),
                    )
                )
            case [3, str(message_id), *_]:
                self._concluded(message_id, Answer.RESULT)
            case [4, str(message_id), *_]:
                self._concluded(message_id, Answer.ERROR)
            case _:
                pass
        return text

    async def send(self, text: str) -> None:
        match json.loads(text):
            case [2, str(message_id), str(action), dict(payload)]:
                self._unanswered[message_id] = (action, payload)
            case _:
                pass
        await self._socket.send(text)

    def ended(self) -> None:
        """What has had no answer gets none."""
        for message_id in list(self._unanswered):
            self._concluded(message_id, Answer.NONE)

    def _concluded(self, message_id: str, answer: Answer) -> None:
        if told := self._unanswered.pop(message_id, None):
            self._histories.told.append(Told(time.monotonic(), self._station, self._number, *told, answer))


class Talker(Protocol):
    """A connection that takes turns."""

    async def start(self) -> None:
        """Read until the connection ends, which raises."""
        ...

    async def tell(self, action: str, payload: Payload) -> Payload | None:
        """Send a CALL after the one before is answered; None is a CALLERROR. Raises TimeoutError, ConnectionClosed."""
        ...


class Plain:
    """A talker in our own words."""

    def __init__(self, line: Line, brain: Brain) -> None:
        self._line = line
        self._brain = brain
        self._turn = asyncio.Lock()
        self._awaited: dict[str, asyncio.Future[Payload | None]] = {}

    async def start(self) -> None:
        while True:
            match json.loads(await self._line.recv()):
                case [2, message_id, action, payload]:
                    answer = self._brain.answer(action, payload)
                    if answer is not None:
                        await self._line.send(json.dumps([3, message_id, answer]))
                        self._brain.owe(action, payload)
                case [3, message_id, payload] if message_id in self._awaited:
                    self._awaited.pop(message_id).set_result(payload)
                case [4, message_id, *_] if message_id in self._awaited:
                    self._awaited.pop(message_id).set_result(None)
                case _:
                    pass

    async def tell(self, action: str, payload: Payload) -> Payload | None:
        async with self._turn:
            message_id = uuid4().hex
            answer: asyncio.Future[Payload | None] = asyncio.get_running_loop().create_future()
            self._awaited[message_id] = answer
            try:
                await self._line.send(json.dumps([2, message_id, action, payload]))
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await answer
            finally:
                self._awaited.pop(message_id, None)


class Foreign(ChargePoint):  # type: ignore[misc]  # untyped
    """A talker that we did not write: ChargePoint, which checks every message against the official schemas."""

    def __init__(self, line: Line, brain: Brain) -> None:
        self.brain = brain
        super().__init__("suite", line, response_timeout=ANSWER_SECONDS, logger=silent)

    async def tell(self, action: str, payload: Payload) -> Payload | None:
        said = await self.call(getattr(call, action)(**camel_to_snake_case(dict(payload))))
        return None if said is None else vars(said)


def _route(action: str) -> None:
    """Have Foreign take an action: the library finds its handlers by the names of their functions."""

    async def answer(self: Foreign, **payload: object) -> object:
        said = self.brain.answer(action, snake_to_camel_case(payload))
        return getattr(call_result, action)(**camel_to_snake_case(said))

    def then(self: Foreign, **payload: object) -> None:
        self.brain.owe(action, snake_to_camel_case(payload))

    for name, decorate, handler in (("on", on, answer), ("after", after, then)):
        handler.__name__ = f"{name}_{action}"
        setattr(Foreign, handler.__name__, decorate(action)(handler))


for _action in marks.ACTIONS.values():
    _route(_action)
