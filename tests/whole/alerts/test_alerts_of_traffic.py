"""What goes wrong with stations, commands and logs: each fault is made, and its alert fires, and no other."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from alarmed import GATEWAY_NODE, Alarmed
from bare import BOOT, BareStation, bare_station
from charge_point import put
from msgspec import Raw
from prometheus_server import alert
from redis.asyncio import Redis
from strangers import independent, refused
from uploading import address

from ocppdiag_contracts import GetLog, link
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, GATEWAY, PARKING, STATION
from ocppdiag_redis import keys

ALL_STATIONS = 60


def somebody() -> str:
    return f"CS-{uuid4().hex[:8]}"


@asynccontextmanager
async def again_and_again(deed: Callable[[], Awaitable[object]], pause: float = 0.2) -> AsyncIterator[None]:
    """Have it done for as long as the block lasts."""

    async def do() -> None:
        while True:
            await deed()
            await asyncio.sleep(pause)

    doing = asyncio.create_task(do())
    try:
        yield
        assert not doing.done(), doing
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def test_stations_come_with_wrong_passwords(quiet: Alarmed) -> None:
    async with again_and_again(lambda: refused(quiet.made, somebody())):
        await quiet.prometheus.fire(alert("HandshakesRefused", outcome="unauthorized"))
    await quiet.prometheus.fire()


async def test_what_is_no_command_is_parked(quiet: Alarmed) -> None:
    async with quiet.channel() as channel:
        exchange = await channel.get_exchange(COMMANDS.name)
        await exchange.publish(aio_pika.Message(b"no command"), "get_log")
        await quiet.prometheus.fire(alert("Parked"))
        await quiet.prometheus.becomes('max(rabbitmq_detailed_queue_messages{queue="ocppdiag.parking"})', 1)
        await quiet.prometheus.becomes("sum(increase(ocppdiag_worker_parked_total[6s]))", 0)
        await quiet.prometheus.fire(
            alert("Parked"), within=0
        )  # whoever parked it has forgotten; RabbitMQ has not
        await (await channel.get_queue(PARKING.name)).purge()
    await quiet.prometheus.fire()


async def test_a_full_redis_has_an_operation_wait_that_is_due(quiet: Alarmed) -> None:
    async with bare_station(quiet.made, "CS-DUE") as station, quiet.made.diagnostics() as diagnostics:
        station.answers = lambda *_: None
        await diagnostics.send(GetLog(station="CS-DUE", deadline=now() + timedelta(seconds=60)))
        async with Redis.from_url(quiet.store.url) as redis:
            await quiet.prometheus.becomes("max(ocppdiag_operations_open)", 1)
            (due,) = await redis.zrange(keys.DEADLINES, 0, -1)
            long_ago = float((await redis.time())[0]) - 120
            async with redis.pipeline(transaction=True) as both:  # nobody wakes it in between
                both.execute_command("ZADD", keys.DEADLINES, long_ago, due)
                both.config_set("maxmemory", 1)
                await both.execute()
            try:
                await quiet.prometheus.fire(alert("Overdue"))
            finally:
                await redis.config_set("maxmemory", 0)
    await quiet.prometheus.fire()


async def test_nobody_takes_what_is_sent_to_the_workers(quiet: Alarmed) -> None:
    await quiet.posts["worker"].kill()
    async with quiet.channel() as channel:
        exchange = await channel.get_exchange(COMMANDS.name)
        command = GetLog(station="CS-NEVER").model_dump_json().encode()
        await asyncio.gather(*(exchange.publish(aio_pika.Message(command), "get_log") for _ in range(1100)))
        gone = alert("ProcessGone", process="worker"), alert("NoneLeft", process="worker")
        await quiet.prometheus.fire(alert("WorkWaits", queue="ocppdiag.commands"), *gone)
        await (await channel.get_queue("ocppdiag.commands")).purge()
    await quiet.posts["worker"].start()
    await quiet.prometheus.fire()


async def test_a_worker_answers_late(quiet: Alarmed) -> None:
    """One of another team, which has claimed an action: ours cannot be made that slow without more being wrong."""
    async with AsyncExitStack() as exits, quiet.channel() as channel, asyncio.TaskGroup() as calls:
        stations = [await exits.enter_async_context(bare_station(quiet.made, somebody())) for _ in range(14)]
        exchange = await channel.get_exchange(GATEWAY.name)
        claimed = await channel.declare_queue(exclusive=True)
        await claimed.bind(STATION.name, "call.Authorize.0")

        async def answer(call: link.Called) -> None:
            await asyncio.sleep(5.5)
            told = link.Answer(station=call.station, epoch=call.epoch, at=call.at, message_id=call.message_id, payload=Raw(b"{}"))  # fmt: skip
            await exchange.publish(aio_pika.Message(link.join([link.encode(told)])), call.node)

        async def take(batch: AbstractIncomingMessage) -> None:
            for record in link.split(batch.body):
                call = link.TO_WORKERS.decode(record)
                assert isinstance(call, link.Called)
                calls.create_task(answer(call))

        async def ask(station: BareStation, after: float) -> None:
            await asyncio.sleep(after)
            await station.exchange("Authorize", {})

        await claimed.consume(take, no_ack=True)
        for place, station in enumerate(stations):
            calls.create_task(ask(station, place / 2))
        await quiet.prometheus.fire(alert("StationsWait"))
    await quiet.prometheus.fire()


async def test_commands_are_sent_to_a_station_that_has_gone(quiet: Alarmed) -> None:
    async with bare_station(quiet.made, "CS-WAS-HERE"):
        pass
    async with (
        quiet.made.diagnostics() as diagnostics,
        again_and_again(lambda: diagnostics.send(GetLog(station="CS-WAS-HERE")), 0.1),
    ):
        await quiet.prometheus.fire(alert("CommandsFail"))
    await quiet.prometheus.fire()


async def test_a_gateway_s_queue_has_lost_its_binding(quiet: Alarmed) -> None:
    async def come_and_go() -> None:
        async with independent(quiet.made, somebody()) as station:
            await station.send_str(json.dumps([2, "boot", "BootNotification", BOOT]))
            await asyncio.sleep(0.2)

    async with quiet.channel() as channel:
        queue = await channel.get_queue(f"{GATEWAY.name}.{GATEWAY_NODE}")
        await queue.unbind(GATEWAY.name, GATEWAY_NODE)
        try:
            async with again_and_again(come_and_go):
                await quiet.prometheus.fire(alert("Returned", exchange=GATEWAY.name))
        finally:
            await queue.bind(GATEWAY.name, GATEWAY_NODE)
    await quiet.prometheus.fire()


async def test_there_is_no_place_for_logs(quiet: Alarmed) -> None:
    async def upload() -> None:
        url = address(quiet.made, somebody())
        assert await asyncio.to_thread(put, url, b"log") == 503

    away = quiet.made.logs.rename(quiet.made.logs.with_name("away"))
    quiet.made.logs.touch()
    try:
        async with again_and_again(upload):
            await quiet.prometheus.fire(alert("UploadsTurnedAway"))
    finally:
        quiet.made.logs.unlink()
        away.rename(quiet.made.logs)
    await quiet.prometheus.fire()


async def test_stations_go_all_at_once(quiet: Alarmed) -> None:
    async with AsyncExitStack() as exits:
        for _ in range(ALL_STATIONS):
            await exits.enter_async_context(bare_station(quiet.made, somebody()))
        await quiet.prometheus.becomes("sum(ocppdiag_gateway_connections)", ALL_STATIONS)
        await asyncio.sleep(1)
    await quiet.prometheus.fire(alert("StationsLost"))
