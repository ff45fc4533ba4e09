"""Stations of the suite: each comes back for ever, to the other gateway when it can, and writes down what it lives."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
import owed
from histories import Histories
from talkers import Foreign, Line, Plain, Talker
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

TROUBLE = (WebSocketException, OSError, TimeoutError, aiohttp.ClientError)
UPLOAD_ATTEMPTS = 3
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "Suite", "vendorName": "Somebody"}}


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of station it is.

    `foreign` speaks with a library that is not ours, `visits` is away half of the time, `habit` is a fault.
    """

    foreign: bool = False
    visits: bool = False
    habit: str | None = None


class Wanderer:
    """One station; `at` is the gateway (its place in `urls`) where it is now and booted, None where it is nowhere."""

    def __init__(
        self,
        name: str,
        nature: Nature,
        urls: Sequence[str],
        *,
        histories: Histories,
        web: aiohttp.ClientSession,
        draw: Random,
    ) -> None:
        self.name = name
        self.nature = nature
        self.at: int | None = None
        self._urls = urls
        self._histories = histories
        self._web = web
        self._draw = draw
        self._numbers = itertools.count(1)
        self._events = itertools.count(1)
        self._uploading: int | None = None
        self._debts: set[asyncio.Task[None]] = set()
        self._socket: ClientConnection
        self._talker: Talker

    async def run(self) -> None:
        """Live for ever."""
        first = self._draw.randrange(len(self._urls))
        for turn in itertools.count(first):
            with suppress(*TROUBLE):
                await self._visit(turn % len(self._urls))
            self.at = None
            away = 6.0 if self.nature.visits else 0.8
            await asyncio.sleep(away * self._draw.uniform(0.5, 1.5))

    def answer(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        return None if self.nature.habit == "never_answers" else owed.answer(action, payload)

    def owe(self, action: str, payload: Mapping[str, Any]) -> None:
        task = asyncio.create_task(self._pay(action, payload))
        self._debts.add(task)
        task.add_done_callback(self._debts.discard)

    async def _visit(self, place: int) -> None:
        async with connect(
            f"{self._urls[place]}/{self.name}",
            subprotocols=[Subprotocol("ocpp2.0.1")],
            proxy=None,
            open_timeout=8,
            ping_interval=5,
            ping_timeout=10,
            close_timeout=1,
        ) as self._socket:
            line = Line(self._socket, self.name, next(self._numbers), self._histories)
            self._talker = (Foreign if self.nature.foreign else Plain)(line, self)
            reading = asyncio.create_task(self._talker.start())
            life = asyncio.create_task(self._live(place))
            try:
                await asyncio.wait((reading, life), return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.at = None
                ending = [reading, life, *self._debts]
                for task in ending:
                    task.cancel()
                for end in await asyncio.gather(*ending, return_exceptions=True):
                    if isinstance(end, Exception) and not isinstance(end, TROUBLE):
                        raise end
                line.ended()

    async def _live(self, place: int) -> None:
        while not await self._boot():  # noqa: ASYNC110 (it asks)
            await asyncio.sleep(1)
        self.at = place
        if self.nature.habit == "no_pong":
            self._socket.transport.pause_reading()
            await asyncio.sleep(self._draw.uniform(15, 25))
            return
        leaves = asyncio.get_running_loop().time() + 6 * self._draw.uniform(0.5, 1.5)
        for beat in itertools.count(1):
            await asyncio.sleep(self._draw.uniform(2, 5))
            if self.nature.visits and asyncio.get_running_loop().time() > leaves:
                return
            if beat % 3:
                told = owed.event(next(self._events))
                await self._talker.tell(told.action, told.payload)
            else:
                await self._talker.tell("Heartbeat", {})

    async def _boot(self) -> bool:
        answer = await self._talker.tell("BootNotification", BOOT)
        return answer is not None and answer["status"] == "Accepted"

    async def _pay(self, action: str, payload: Mapping[str, Any]) -> None:
        """Do what is owed; when the connection goes, that is given up, as stations do."""
        habit = self.nature.habit
        debts = owed.debts(
            self.name, action, payload, uploading=self._uploading, habit=habit, draw=self._draw
        )
        with suppress(*TROUBLE):
            for debt in debts:
                match debt:
                    case owed.Tell():
                        await self._talker.tell(debt.action, debt.payload)
                    case owed.Upload():
                        await self._upload(debt)
                    case owed.Leave():
                        self._socket.transport.abort()

    async def _upload(self, debt: owed.Upload) -> None:
        self._uploading = debt.request_id
        try:
            for attempt in range(UPLOAD_ATTEMPTS):
                await asyncio.sleep(attempt)
                await self._report("Uploading", debt)
                done = await self._put(debt)
                await self._report("Uploaded" if done else "UploadFailure", debt)
                if done:
                    return
        finally:
            self._uploading = None

    async def _report(self, status: str, debt: owed.Upload) -> None:
        told = owed.log_status(status, debt.request_id)
        await self._talker.tell(told.action, told.payload)

    async def _put(self, debt: owed.Upload) -> bool:
        limit = aiohttp.ClientTimeout(total=30)
        try:
            async with self._web.put(debt.url, data=debt.body, timeout=limit) as response:
                return response.status == 201
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


@asynccontextmanager
async def wandering(
    stations: Mapping[str, Nature],
    urls: Mapping[str, Sequence[str]],
    histories: Histories,
    draw: Random,
) -> AsyncIterator[tuple[Wanderer, ...]]:
    """Have them live inside this block; `urls` is where each may connect. A fault of a station itself raises at the end."""
    async with aiohttp.ClientSession() as web:
        crowd = tuple(
            Wanderer(
                name,
                nature,
                urls[name],
                histories=histories,
                web=web,
                draw=Random(draw.random()),  # noqa: S311 (no secret)
            )
            for name, nature in stations.items()
        )
        lives = [asyncio.create_task(each.run()) for each in crowd]
        try:
            yield crowd
        finally:
            for life in lives:
                life.cancel()
            ends = await asyncio.gather(*lives, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
