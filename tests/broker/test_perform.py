"""A worker's hands: a command begun once, asked once, and ended once whatever comes in whatever order."""

import asyncio
import json
from itertools import permutations

import pytest
from aio_pika.abc import AbstractIncomingMessage
from stage import SHA, STEPS, Stage, kinds

from ocppdiag_contracts import link
from ocppdiag_contracts.events import CommandRepeated, CommandSettled, LogFile, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_redis import keys

EVERY_REDIS = True


async def test_a_command_is_on_record_with_its_request_id_before_its_call_is_seen(stage: Stage) -> None:
    seen: list[tuple[link.ToGateway, str | None]] = []

    async def look(message: AbstractIncomingMessage) -> None:
        (order,) = (link.TO_GATEWAY.decode(raw) for raw in link.split(message.body))
        assert isinstance(order, link.Call)
        request_id = json.loads(bytes(order.payload))["requestId"]
        (command_id,) = await stage.memory.find_requests([(stage.station, "log", request_id)])
        seen.append((order, command_id))

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
    told = await stage.events()
    assert len({event.id for event in told if event.event == "command_queued"}) == 1
    assert {event.event for event in told} == {"command_queued", "command_repeated"}
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
    assert isinstance(ends[0].result, LogFile)
    assert (ends[0].result.location, ends[0].result.sha256) == ("file:///log", SHA)
    assert (await stage.remembered(wish)).unsent == ()
    assert await stage.alarm(wish) is None
    answers = [order for order in await stage.orders() if isinstance(order, link.Answer)]
    assert [answer.message_id for answer in answers].count("m-4") == 3  # each is answered, known or not


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
    repeated, *heard = await stage.replies()
    assert isinstance(repeated, CommandRepeated)
    assert repeated.state == "sent"
    assert (kinds(heard)[0], kinds(heard)[-1]) == ("command_accepted", "command_settled")


async def test_a_station_that_dropped_its_upload_for_a_newer_one_ends_the_older(stage: Stage) -> None:
    older, newer = await stage.begun(), stage.wish(due_in=600)
    await stage.command(newer)
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
    assert (answer.message_id, bytes(answer.payload)) == ("m-4", b"{}")
    assert not (await stage.remembered(wish)).operation.ended
