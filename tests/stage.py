"""A worker's hands on a real Redis and RabbitMQ, one station, and who hears it; gateway and station are played by the test."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NoReturn
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from msgspec import Raw

from ocppdiag_amqp import Broker, Journal, Publisher, UnconfirmedError
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, GetLog
from ocppdiag_contracts.events import EVENT, CommandSettled, Event
from ocppdiag_contracts.topology import EVENTS, GATEWAY, GUARD_QUEUES, OWNER, REPLIES, WORKERS_OWN, reply_key
from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Pipelined, keys
from ocppdiag_workers.decide import decide
from ocppdiag_workers.ends import Ends
from ocppdiag_workers.feature import House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.post import Post
from ocppdiag_workers.records import Remembered
from ocppdiag_workers.table import Table

SHA = "0" * 64
STEPS = ("sent", "answered", "uploading", "uploaded", "stored")


class Stage:
    """One station, the gateway that holds it, and who hears its events and its replies."""

    def __init__(self, performer: Performer, redis: Pipelined, channel: AbstractChannel) -> None:
        self.performer = performer
        self.memory = performer.memory
        self.redis = redis
        self.channel = channel
        self.station = f"T-{uuid4().hex[:12]}"
        self.node = f"node-{self.station}"
        self.reply_to = f"reply-{self.station}"
        self.epoch = 1
        self.seq = len(STEPS)
        self.at = time.time()

    async def set_up(self) -> None:
        self.orders_queue = await self.listen((GATEWAY.name, self.node))
        self._events = await self.listen((EVENTS.name, f"*.{self.station}"))
        self._replies = await self.listen(
            (EVENTS.name, reply_key(self.reply_to)), (REPLIES.name, self.reply_to)
        )

    async def listen(self, *bindings: tuple[str, str]) -> AbstractQueue:
        queue = await self.channel.declare_queue(exclusive=True)
        for exchange, key in bindings:
            await queue.bind(exchange, key)
        return queue

    async def connect(self, node: str | None = None, version: str = "ocpp2.0.1") -> None:
        directory = self.performer.directory
        lease, _ = await directory.acquire(self.station, node or self.node, "c", version)
        self.epoch = lease.epoch

    def times(self, due_in: float = 600) -> dict[str, Any]:
        """What every command has: it was wished for an hour ago."""
        now = datetime.now(UTC)
        return {
            "station": self.station,
            "time": now - timedelta(hours=1),
            "deadline": now + timedelta(seconds=due_in),
        }

    def wish(self, *, due_in: float = 60) -> GetLog:
        return GetLog(**self.times(due_in))

    async def command(self, wish: Command, reply_to: str | None = None) -> None:
        await self.performer.command(wish, wish.model_dump_json(exclude_none=True).encode(), reply_to)

    async def begun(self, wish: Command | None = None, reply_to: str | None = None) -> Command:
        await self.connect()
        wish = wish or self.wish(due_in=600)
        await self.command(wish, reply_to)
        return wish

    async def tell(self, *records: link.ToWorkers) -> None:
        for record in records:
            await self.performer.decision(
                decide(record, self.performer.table, self.performer.house, record.at)
            )

    def called(self, action: str, content: object, seq: int | None = None) -> link.Called:
        """A CALL of the station, the next unless `seq` says which."""
        if seq is None:
            self.seq = seq = self.seq + 1
        return link.Called(
            **self._up(seq), message_id=f"m-{seq}", action=action, payload=Raw(json.dumps(content).encode())
        )

    def answered(self, wish: Command, action: str, content: object, turn: int = 0) -> link.Answered:
        """The station's answer to a CALL of ours."""
        tag = f"{wish.id}.{turn}" if turn else wish.id
        payload = Raw(json.dumps(content).encode())
        return link.Answered(**self._up(2), owner=OWNER, tag=tag, action=action, payload=payload)

    def errored(self, wish: Command, code: str, description: str) -> link.Errored:
        return link.Errored(
            **self._up(2), owner=OWNER, tag=wish.id, action="", code=code, description=description
        )

    def lose(self, method: Literal["tell", "order"]) -> None:
        """What is published next by this way comes to nobody, and who publishes it hears so."""
        post = self.performer.post

        def lost(*_: object) -> NoReturn:
            vars(post).pop(method)
            raise UnconfirmedError("lost by the test")

        vars(post)[method] = lost

    async def record(self, wish: Command, what: str, status: str | None = None) -> link.ToWorkers:
        """What the gateway or the upload receiver says; the same whenever it is asked for."""
        seq = STEPS.index(what) + 1
        match what:
            case "sent":
                return link.Sent(**self._up(seq), owner=OWNER, tag=wish.id, action="GetLog")
            case "answered":
                return self.answered(wish, "GetLog", {"status": status or "Accepted"})
            case "stored":
                upload: dict[str, Any] = {"station": self.station, "tag": wish.id, "owner": OWNER}
                return link.UploadStored(**upload, at=self.at, location="file:///log", size=3, sha256=SHA)
            case _:
                request_id = (await self.remembered(wish)).operation.request_id
                content = {"status": what.capitalize(), "requestId": request_id}
                return self.called("LogStatusNotification", content, seq)

    def _up(self, seq: int) -> dict[str, Any]:
        return {
            "station": self.station,
            "node": self.node,
            "connection": "c",
            "epoch": self.epoch,
            "seq": seq,
            "at": self.at,
            "version": "ocpp2.0.1",
        }

    async def remembered(self, wish: Command) -> Remembered:
        remembered = await self.memory.find(self.station, wish.id)
        assert remembered is not None
        return remembered

    async def alarm(self, wish: Command) -> float | None:
        score = await self.redis.run("ZSCORE", keys.DEADLINES, f'["{self.station}","{wish.id}"]')
        return None if score is None else float(score)

    async def wake_guards_never(self) -> None:
        """What rests does not come back in the middle of another test."""
        for queue in GUARD_QUEUES:
            await (await self.channel.get_queue(queue.name)).purge()

    async def everything_kept(self) -> bytes:
        """All that lies in Redis about the station, as one text."""
        found = [b""]
        for key in await self.redis.run("KEYS", f"ocppdiag:{{{self.station}}}:*"):
            kind = await self.redis.run("TYPE", key)
            if kind == b"hash":
                for name, value in (await self.redis.run("HGETALL", key)).items():
                    found += [key, name, value]
            elif kind == b"string":
                found += [key, await self.redis.run("GET", key)]
        return b"\n".join(found)

    async def calls(self) -> list[link.Call]:
        """The orders that are CALLs."""
        return [order for order in await self.orders() if isinstance(order, link.Call)]

    async def orders(self) -> list[link.ToGateway]:
        bodies = await drained(self.orders_queue)
        return [link.TO_GATEWAY.decode(raw) for body in bodies for raw in link.split(body)]

    async def events(self) -> list[Event]:
        return [EVENT.validate_json(body) for body in await drained(self._events)]

    async def replies(self) -> list[Event]:
        return [EVENT.validate_json(body) for body in await drained(self._replies)]

    async def settled(self) -> CommandSettled:
        """The one end, however often it is told."""
        ends = [event for event in await self.events() if isinstance(event, CommandSettled)]
        assert ends
        assert all(end == ends[0] for end in ends)
        return ends[0]


async def drained(queue: AbstractQueue) -> list[bytes]:
    """Take all that lies in a queue."""
    bodies = []
    while message := await queue.get(no_ack=True, fail=False):
        bodies.append(message.body)
    return bodies


async def until(there: Callable[[], Awaitable[object]], within: float = 15) -> None:
    """Look again and again from outside."""
    async with asyncio.timeout(within):
        while not await there():  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0.02)


def kinds(events: list[Event]) -> list[str]:
    return [event.event for event in events]


@pytest.fixture
async def stages(services: Services) -> AsyncIterator[Callable[[], Awaitable[Stage]]]:
    """Makes stages: each is a worker with connections of its own."""
    async with AsyncExitStack() as exits:

        async def make() -> Stage:
            redis = Pipelined.from_url(services.redis_url)
            exits.push_async_callback(redis.aclose)
            broker = await exits.enter_async_context(Broker(services.amqp_url, name="test"))
            await broker.declare_exchanges(*WORKERS_OWN)
            connection = await exits.enter_async_context(await aio_pika.connect(services.amqp_url))
            house, table = House(upload_key=b"k" * 32), Table(FEATURES)
            publisher = await Publisher.open(broker)
            memory, directory, post = Memory(redis), Directory(redis), Post(publisher)
            ends = Ends(Journal(broker, publisher))
            performer = Performer.of(
                memory=memory, post=post, directory=directory, ends=ends, table=table, house=house
            )
            stage = Stage(performer, redis, await connection.channel())
            await stage.set_up()
            exits.push_async_callback(stage.wake_guards_never)
            return stage

        yield make


@pytest.fixture
async def stage(stages: Callable[[], Awaitable[Stage]]) -> Stage:
    return await stages()
