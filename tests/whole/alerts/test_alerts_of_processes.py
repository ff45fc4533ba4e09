"""Processes that are gone or slow, and servers that they cannot use: each fault is made, and its alert fires, and no other."""

import asyncio
import os
import signal

import pytest
from alarmed import Alarmed, Post, certify
from bare import bare_station
from private import disk_full
from prometheus_server import Labels, alert


@pytest.mark.parametrize("process", ["gateway", "worker", "uploads"])
async def test_the_last_of_its_kind_is_killed(quiet: Alarmed, process: str) -> None:
    kind = [name for name in quiet.posts if name == process or (process, name) == ("uploads", "spare")]
    await asyncio.gather(*(quiet.posts[name].kill() for name in kind))
    gone = [alert("ProcessGone", process=name) for name in kind]
    await quiet.prometheus.fire(alert("NoneLeft", process=process), *gone)
    await asyncio.gather(*(quiet.posts[name].start() for name in kind))
    await quiet.prometheus.fire()


async def test_one_of_two_is_killed(quiet: Alarmed) -> None:
    await quiet.posts["spare"].kill()
    await quiet.prometheus.fire(alert("ProcessGone", process="spare"))
    await quiet.posts["spare"].start()
    await quiet.prometheus.fire()


async def test_one_of_two_hangs(quiet: Alarmed) -> None:
    os.kill(pid := quiet.posts["spare"].process.pid, signal.SIGSTOP)
    try:
        await quiet.prometheus.fire(alert("ProcessGone", process="spare"))
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_process_gets_hardly_any_time(quiet: Alarmed) -> None:
    async def starve() -> None:
        pid = quiet.posts["spare"].process.pid
        while True:
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(0.65)
            finally:
                os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(1.2)

    starving = asyncio.create_task(starve())
    try:
        await quiet.prometheus.fire(alert("LoopSlow", instance=quiet.posts["spare"].instance))
    finally:
        starving.cancel()
        await asyncio.gather(starving, return_exceptions=True)


def unusable(reason: str, post: Post) -> Labels:
    return alert("RabbitMQUnusable", reason=reason, instance=post.instance)


async def test_rabbitmq_is_killed(quiet: Alarmed) -> None:
    await quiet.node.kill()
    try:
        await quiet.prometheus.fire(*(unusable("disconnected", post) for post in quiet.posts.values()))
    finally:
        await quiet.node.start()
    await quiet.prometheus.fire()


async def test_the_disk_of_rabbitmq_is_full(quiet: Alarmed) -> None:
    async with bare_station(quiet.made, "CS-FULL") as station:
        async with disk_full(quiet.node):
            waiting = asyncio.create_task(station.exchange("Heartbeat", {}))
            await quiet.prometheus.fire(unusable("blocked", quiet.posts["gateway"]))
        await waiting
    await quiet.prometheus.fire()


async def test_rabbitmq_hangs(quiet: Alarmed) -> None:
    async with quiet.made.station("CS-HANGS"):
        quiet.node.freeze()
    try:  # that the station has gone is what is not confirmed
        await quiet.prometheus.fire(unusable("unconfirmed", quiet.posts["gateway"]))
    finally:
        quiet.node.thaw()
    await quiet.prometheus.fire()


async def test_redis_is_killed(quiet: Alarmed) -> None:
    await quiet.store.primary.kill()
    try:
        users = ("gateway", "worker")
        await quiet.prometheus.fire(*(alert("RedisUnusable", process=name) for name in users))
    finally:
        await quiet.empty_redis()
    await quiet.prometheus.fire()


async def test_a_certificate_is_about_to_end(quiet: Alarmed) -> None:
    certify(quiet.tls, days=6)
    try:
        await quiet.prometheus.fire(alert("CertificateEnds", process="gateway"))
    finally:
        certify(quiet.tls)
    await quiet.prometheus.fire()
