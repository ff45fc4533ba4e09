"""A worker's hands on a real Redis and RabbitMQ; the gateway and the station are played by the test."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from msgspec import Raw

from ocppdiag_amqp import Broker
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import EVENT, CommandSettled, Event, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.topology import EVENTS, GATEWAY, OWNER, reply_key
from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Pipelined, keys
from ocppdiag_workers import news
from ocppdiag_workers.decide import Table, decide
from ocppdiag_workers.feature import House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.memory import Memory, Remembered
from ocppdiag_workers.perform import Performer
from ocppdiag_workers.post import Post

SHA = "0" * 64
STEPS = ("sent", "answered", "uploading", "uploaded", "stored")


class Stage:
    """One station, the gateway that holds it, and who hears its events and its replies."""

    def __init__(self, performer: Performer, redis: Pipelined, channel: AbstractChannel) -> None:
        self.performer = performer
        self.memory = performer.memory
        self.redis = redis
        self.station = f"T-{uuid4().hex[:12]}"
        self.node = f"node-{self.station}"
        self.reply_to = f"reply-{self.station}"
        self.epoch = 1
        self._channel = channel

    async def set_up(self) -> None:
        self.orders_queue = await self._heard(GATEWAY.name, self.node)
        self._events = await self._heard(EVENTS.name, f"*.{self.station}")
        self._replies = await self._heard(EVENTS.name, reply_key(self.reply_to))

    async def connect(self, node: str | None = None) -> None:
        directory = self.performer.directory
        lease, _ = await directory.acquire(self.station, node or self.node, "c", "ocpp2.0.1")
        self.epoch = lease.epoch

    def wish(self, *, due_in: float = 60) -> GetLog:
        now = datetime.now(UTC)
        return GetLog(
            station=self.station, time=now - timedelta(hours=1), deadline=now + timedelta(seconds=due_in)
        )

    async def command(self, wish: GetLog, reply_to: str | None = None) -> None:
        await self.performer.command(wish, wish.model_dump_json().encode(), reply_to)

    async def begun(self) -> GetLog:
        await self.connect()
        wish = self.wish(due_in=600)
        await self.command(wish)
        return wish

    async def tell(self, *records: link.ToWorkers) -> None:
        for record in records:
            await self.performer.decision(
                decide(record, self.performer.table, self.performer.house, record.at)
            )

    async def record(self, wish: GetLog, what: str, status: str | None = None) -> link.ToWorkers:
        """What the gateway or the upload receiver says; the same whenever it is asked for."""
        at = wish.time.timestamp() + 3600
        up: dict[str, Any] = {
            "station": self.station,
            "node": self.node,
            "connection": "c",
            "epoch": self.epoch,
            "seq": STEPS.index(what) + 1,
            "at": at,
            "version": "ocpp2.0.1",
        }
        match what:
            case "sent":
                return link.Sent(**up, owner=OWNER, tag=wish.id, action="GetLog")
            case "answered":
                payload = Raw(json.dumps({"status": status or "Accepted"}).encode())
                return link.Answered(**up, owner=OWNER, tag=wish.id, action="GetLog", payload=payload)
            case "stored":
                upload: dict[str, Any] = {"station": self.station, "tag": wish.id, "owner": OWNER, "at": at}
                return link.UploadStored(**upload, location="file:///log", size=3, sha256=SHA)
            case _:
                request_id = (await self.remembered(wish)).operation.request_id
                payload = Raw(json.dumps({"status": what.capitalize(), "requestId": request_id}).encode())
                action = "LogStatusNotification"
                return link.Called(**up, message_id=f"m-{what}", action=action, payload=payload)

    async def remembered(self, wish: GetLog) -> Remembered:
        remembered = await self.memory.find(self.station, wish.id)
        assert remembered is not None
        return remembered

    async def alarm(self, wish: GetLog) -> float | None:
        score = await self.redis.run("ZSCORE", keys.DEADLINES, f'["{self.station}","{wish.id}"]')
        return None if score is None else float(score)

    async def orders(self) -> list[link.ToGateway]:
        bodies = await _drained(self.orders_queue)
        return [link.TO_GATEWAY.decode(raw) for body in bodies for raw in link.split(body)]

    async def events(self) -> list[Event]:
        return [EVENT.validate_json(body) for body in await _drained(self._events)]

    async def replies(self) -> list[Event]:
        return [EVENT.validate_json(body) for body in await _drained(self._replies)]

    async def settled(self) -> CommandSettled:
        """The one end, however often it is told."""
        ends = [event for event in await self.events() if isinstance(event, CommandSettled)]
        assert ends
        assert all(end == ends[0] for end in ends)
        return ends[0]

    async def _heard(self, exchange: str, key: str) -> AbstractQueue:
        queue = await self._channel.declare_queue(exclusive=True)
        await queue.bind(exchange, key)
        return queue


async def _drained(queue: AbstractQueue) -> list[bytes]:
    bodies = []
    while message := await queue.get(no_ack=True, fail=False):
        bodies.append(message.body)
    return bodies


def kinds(events: list[Event]) -> list[str]:
    return [event.event for event in events]


@pytest.fixture
async def stage(services: Services) -> AsyncIterator[Stage]:
    redis = Pipelined.from_url(services.redis_url)
    async with (
        Broker(services.amqp_url, name="test") as broker,
        await aio_pika.connect(services.amqp_url) as connection,
    ):
        await broker.declare_exchanges()
        house = House(upload_key=b"k" * 32)
        performer = Performer(
            Memory(redis), await Post.open(broker), Directory(redis), Table(FEATURES), house
        )
        stage = Stage(performer, redis, await connection.channel())
        await stage.set_up()
        yield stage
    await redis.aclose()


async def test_a_command_is_on_record_with_its_request_id_before_its_call_is_seen(stage: Stage) -> None:
    seen: list[tuple[link.ToGateway, str | None]] = []

    async def look(message: AbstractIncomingMessage) -> None:
        (order,) = (link.TO_GATEWAY.decode(raw) for raw in link.split(message.body))
        assert isinstance(order, link.Call)
        request_id = json.loads(bytes(order.payload))["requestId"]
        seen.append((order, await stage.memory.find_request(stage.station, "log", request_id)))

    tag = await stage.orders_queue.consume(look, no_ack=True)
    wish = await stage.begun()
    async with asyncio.timeout(5):
        while not seen:  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0.01)
    await stage.orders_queue.cancel(tag)
    ((call, owner),) = seen
    assert owner == wish.id
    assert isinstance(call, link.Call)
    assert (call.station, call.epoch, call.action, call.tag) == (
        stage.station,
        stage.epoch,
        "GetLog",
        wish.id,
    )
    (queued,) = await stage.events()
    assert (queued.event, queued.id) == ("command_queued", f"{stage.station}/{wish.id}/queued")
    assert await stage.alarm(wish) == pytest.approx(wish.due.timestamp())


async def test_the_same_command_again_is_the_same_operation_and_the_same_call(stage: Stage) -> None:
    await stage.connect()
    wish = stage.wish()
    await asyncio.gather(*(stage.command(wish) for _ in range(5)))
    await stage.command(wish)
    calls = [order for order in await stage.orders() if isinstance(order, link.Call)]
    assert len({(call.message_id, bytes(call.payload), call.epoch) for call in calls}) == 1
    assert len({event.id for event in await stage.events()}) == 1
    assert await stage.memory.open_operations(stage.station) == [wish.id]


@pytest.mark.parametrize("order", list(permutations(STEPS))[::5])
async def test_everything_twice_and_in_any_order_ends_once_and_completed(
    stage: Stage, order: tuple[str, ...]
) -> None:
    wish = await stage.begun()
    for what in order:
        record = await stage.record(wish, what)
        await stage.tell(record, record)
    await stage.tell(*[await stage.record(wish, what) for what in order])
    events = await stage.events()
    ends = [event for event in events if isinstance(event, CommandSettled)]
    assert len({event.id for event in ends}) == 1
    assert {end.model_dump_json() for end in ends} == {ends[0].model_dump_json()}
    assert ends[0].outcome is Outcome.COMPLETED
    assert ends[0].result is not None
    assert (ends[0].result.location, ends[0].result.sha256) == ("file:///log", SHA)
    assert (await stage.remembered(wish)).unsent == ()
    assert await stage.alarm(wish) is None
    answers = [order for order in await stage.orders() if isinstance(order, link.Answer)]
    assert [answer.message_id for answer in answers].count(
        "m-uploaded"
    ) == 3  # each is answered, known or not


async def test_everything_twice_and_at_once_ends_once_and_completed(stage: Stage) -> None:
    wish = await stage.begun()
    records = [await stage.record(wish, what) for what in STEPS] * 2
    await asyncio.gather(*(stage.tell(record) for record in records))
    assert (await stage.settled()).outcome is Outcome.COMPLETED
    assert (await stage.remembered(wish)).unsent == ()


@pytest.mark.parametrize(
    ("where", "due_in", "outcome", "failure"),
    [
        ("on a node that is gone", 60, Outcome.FAILED, Failure.NOT_CONNECTED),
        ("disconnected", 60, Outcome.FAILED, Failure.NOT_CONNECTED),
        ("never seen", 60, Outcome.REJECTED, Failure.UNKNOWN_STATION),
        ("connected", -1, Outcome.EXPIRED, Failure.DEADLINE_PASSED),
    ],
)
async def test_a_station_that_cannot_be_asked_ends_the_command_at_once(
    stage: Stage, where: str, due_in: float, outcome: Outcome, failure: Failure
) -> None:
    if where != "never seen":
        await stage.connect(f"{stage.node}-gone" if where == "on a node that is gone" else None)
    if where == "disconnected":
        lease = await stage.performer.directory.find(stage.station)
        assert lease is not None
        await stage.performer.directory.release(lease)
    for wish in (
        stage.wish(due_in=due_in),
        stage.wish(due_in=due_in),
    ):  # the first leaves no trace of a station
        await stage.command(wish, stage.reply_to)
        assert kinds(await stage.replies()) == ["command_queued", "command_settled"]
        end = await stage.settled()
        assert (end.outcome, end.failure, end.retry) == (outcome, failure, failure.retry)
        assert await stage.alarm(wish) is None
    assert await stage.orders() == []


@pytest.mark.parametrize(
    ("before", "failure", "named"),
    [
        ((), Failure.NO_ANSWER, "has not answered"),
        (("sent",), Failure.NO_ANSWER, "has not answered"),
        (("sent", "answered"), Failure.NOTHING_FOLLOWED, "no upload has come"),
        (("sent", "answered", "uploading"), Failure.NOTHING_FOLLOWED, "last report was Uploading"),
        (("answered", "uploaded"), Failure.NO_FILE_RECEIVED, "no file has come"),
    ],
)
async def test_the_deadline_names_what_is_missing(
    stage: Stage, before: tuple[str, ...], failure: Failure, named: str
) -> None:
    wish = await stage.begun()
    await stage.tell(*[await stage.record(wish, what) for what in before])
    due = wish.due.timestamp()
    await stage.performer.wake(stage.station, wish.id, due - 1)
    assert "command_settled" not in kinds(await stage.events())
    assert await stage.alarm(wish) == pytest.approx(due)
    await stage.performer.wake(stage.station, wish.id, due + 1)
    await stage.performer.wake(stage.station, wish.id, due + 2)
    end = await stage.settled()
    assert end.failure is failure
    assert named in (end.detail or "")
    assert await stage.alarm(wish) is None


async def test_an_alarm_about_nothing_is_put_away(stage: Stage) -> None:
    wish = stage.wish()
    await stage.memory.wake_later(stage.station, wish.id, time.time() + 60)
    await stage.performer.wake(stage.station, wish.id, time.time())
    assert await stage.alarm(wish) is None
    assert await stage.events() == []


async def crash(stage: Stage, wish: GetLog, item: news.News) -> None:
    """Write a step, and fall before its events are published."""
    remembered = await stage.remembered(wish)
    step = stage.performer.table.advance(remembered.operation, item)
    assert await stage.memory.commit(step.operation, step.events, remembered.revision, time.time())
    await stage.events()
    assert (await stage.remembered(wish)).unsent


async def test_what_a_fallen_worker_left_unsent_is_told_with_the_next_news(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Sent(time.time() - 60))
    await stage.tell(await stage.record(wish, "sent"))
    assert kinds(await stage.events()) == ["command_sent"]
    assert (await stage.remembered(wish)).unsent == ()


async def test_what_was_left_unsent_just_now_is_told_by_an_early_alarm(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Sent(time.time()))
    await stage.tell(await stage.record(wish, "sent"))
    alarm = await stage.alarm(wish)
    assert alarm is not None
    assert alarm < time.time() + 10
    await stage.performer.wake(stage.station, wish.id, alarm)
    assert kinds(await stage.events()) == ["command_sent"]
    assert await stage.alarm(wish) == pytest.approx(wish.due.timestamp())


async def test_an_end_that_was_left_unsent_is_told_by_its_deadline_and_then_put_away(stage: Stage) -> None:
    wish = await stage.begun()
    await crash(stage, wish, news.Lost(time.time()))
    await stage.performer.wake(stage.station, wish.id, wish.due.timestamp())
    assert (await stage.settled()).failure is Failure.CONNECTION_LOST
    assert (await stage.remembered(wish)).unsent == ()
    assert await stage.alarm(wish) is None


async def test_an_ended_command_sent_again_is_told_its_end_where_it_now_listens(stage: Stage) -> None:
    wish = await stage.begun()
    await stage.tell(*[await stage.record(wish, what) for what in STEPS])
    end = await stage.settled()
    calls = await stage.orders()
    assert calls
    await stage.command(wish, stage.reply_to)
    assert await stage.replies() == [end]
    assert await stage.orders() == []


async def test_a_command_under_way_sent_again_is_told_the_rest_where_it_now_listens(stage: Stage) -> None:
    wish = await stage.begun()
    await stage.tell(await stage.record(wish, "sent"))
    await stage.command(wish, stage.reply_to)
    await stage.tell(*[await stage.record(wish, what) for what in STEPS])
    heard = kinds(await stage.replies())
    assert heard[0] == "command_accepted"
    assert heard[-1] == "command_settled"


async def test_a_station_that_dropped_its_upload_for_a_newer_one_ends_the_older(stage: Stage) -> None:
    older, newer = await stage.begun(), await stage.begun()
    await stage.tell(await stage.record(older, "answered"))
    await stage.tell(await stage.record(newer, "answered", "AcceptedCanceled"))
    await stage.events()
    alarm = await stage.alarm(older)
    assert alarm is not None
    await stage.performer.wake(stage.station, older.id, alarm)
    end = await stage.settled()
    assert (end.command_id, end.outcome, end.failure) == (older.id, Outcome.CANCELLED, Failure.SUPERSEDED)
    assert await stage.memory.open_operations(stage.station) == [newer.id]


async def test_news_that_belongs_to_no_command_is_told_as_such_and_answered(stage: Stage) -> None:
    wish = await stage.begun()
    uploaded = await stage.record(wish, "uploaded")
    assert isinstance(uploaded, link.Called)
    await stage.orders()
    request_id = (await stage.remembered(wish)).operation.request_id
    await stage.redis.run("DEL", keys.request(stage.station, "log", request_id))
    await stage.events()
    await stage.tell(uploaded)
    assert kinds(await stage.events()) == ["log_status_reported"]
    (answer,) = await stage.orders()
    assert isinstance(answer, link.Answer)
    assert (answer.message_id, bytes(answer.payload)) == ("m-uploaded", b"{}")
    assert not (await stage.remembered(wish)).operation.ended
