"""Strikes at RabbitMQ, at Redis and at the ways there; a strike hurts a world, and returns when it is healed again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from world import World
from yarl import URL

from ocppdiag_contracts.topology import commands_queue, diagnostics_queue, gateway_queue
from ocppdiag_redis.keys import DEADLINES

Strike = Callable[[World], Awaitable[None]]

NOTICED_SECONDS = 5.0
"""When a load balancer's health check takes a node out."""

COMMANDS = commands_queue(()).name
DIAGNOSTICS = diagnostics_queue(0, ()).name
ORDERS = gateway_queue("gateway-0").name


async def kill_broker(world: World) -> None:
    (node,) = world.broker.nodes
    await node.kill()
    await asyncio.sleep(1)
    await node.start()


def freeze_broker(seconds: float) -> Strike:
    async def strike(world: World) -> None:
        (node,) = world.broker.nodes
        node.freeze()
        await asyncio.sleep(seconds)
        node.thaw()

    return strike


def kill_home(queue: str, seconds: float) -> Strike:
    """Kill one node of three; the others have to do meanwhile."""

    async def strike(world: World) -> None:
        node = await world.broker.home(queue)
        world.notes.append(f"killed {node.name}, home of {queue}")
        world.broker.away.add(node.name)
        await node.kill()
        await asyncio.sleep(seconds / 2)
        half = datetime.now(UTC)
        await asyncio.sleep(seconds / 2)
        idle = {gateway.name for gateway in world.gateways} - await world.served(half)
        if idle:
            world.findings.append(f"{idle} served nobody while one node of three was away")
        await node.start()
        await node.control("await_startup")
        world.broker.away.discard(node.name)

    return strike


def freeze_home(queue: str, seconds: float) -> Strike:
    async def strike(world: World) -> None:
        node = await world.broker.home(queue)
        world.notes.append(f"froze {node.name}, home of {queue}")
        world.broker.away.add(node.name)
        node.freeze()
        await asyncio.sleep(NOTICED_SECONDS)
        world.way_to_broker.to = [url for url in world.way_to_broker.to if str(url) != node.url]
        await asyncio.sleep(seconds - NOTICED_SECONDS)
        node.thaw()
        world.way_to_broker.to.append(URL(node.url))
        world.broker.away.discard(node.name)

    return strike


def fill_disk(seconds: float) -> Strike:
    async def strike(world: World) -> None:
        await world.broker.control("set_disk_free_limit", str(10**15))
        await asyncio.sleep(seconds)
        await world.broker.control("set_disk_free_limit", str(50 * 10**6))

    return strike


def delete_queues(pause: float) -> Strike:
    async def strike(world: World) -> None:
        world.sending.clear()  # a command that lies in a queue is gone with it
        while (depth := (await world.queues())[COMMANDS]).ready or depth.unacked:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        await world.broker.control("delete_queue", COMMANDS)
        world.sending.set()
        for queue in (DIAGNOSTICS, ORDERS):
            await asyncio.sleep(pause)
            await world.broker.control("delete_queue", queue)
        await asyncio.sleep(pause)

    return strike


def time_out_consumers(seconds: float) -> Strike:
    """Workers hold their messages because Redis is frozen, longer than the broker lets them."""

    async def strike(world: World) -> None:
        # Looked at each minute and 30 minutes long unless told otherwise; a channel reads both when it opens.
        await _set(world, "channel_tick_interval", 1000)
        await _set(world, "consumer_timeout", int(seconds * 1000 / 2))
        world.way_to_broker.cut()
        await asyncio.sleep(NOTICED_SECONDS)
        world.store.primary.freeze()
        await asyncio.sleep(seconds)
        world.store.primary.thaw()
        await _set(world, "channel_tick_interval", 60_000)
        await _set(world, "consumer_timeout", 1_800_000)
        world.way_to_broker.cut()

    return strike


async def _set(world: World, name: str, value: int) -> None:
    await world.broker.control("eval", f"application:set_env(rabbit, {name}, {value}).")


def empty_redis(pause: float) -> Strike:
    async def strike(world: World) -> None:
        await world.store.primary.ask("FLUSHALL")
        await asyncio.sleep(pause)
        await world.store.primary.kill()
        await world.store.restart()

    return strike


def fail_over(lost_seconds: float) -> Strike:
    async def strike(world: World) -> None:
        if world.store.replication is None:
            await world.store.add_replica()
        world.store.stall_replication()
        await asyncio.sleep(lost_seconds)
        await world.store.fail_over()

    return strike


def kill_primary(seconds: float) -> Strike:
    """Kill the server with the deadlines: its replica becomes the primary, and it comes back as one of its replicas."""

    async def strike(world: World) -> None:
        primary = world.several.home(DEADLINES)
        await asyncio.to_thread(primary.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(primary.start)

    return strike


def freeze_primary(seconds: float) -> Strike:
    """Have it replaced while it hangs: when it goes on it takes itself for the primary, and hears later that it is not."""

    async def strike(world: World) -> None:
        primary = world.several.home(DEADLINES)
        primary.freeze()
        await asyncio.sleep(seconds)
        primary.thaw()

    return strike


def freeze_redis(seconds: float) -> Strike:
    async def strike(world: World) -> None:
        world.store.primary.freeze()
        await asyncio.sleep(seconds)
        world.store.primary.thaw()

    return strike


def slow_ways(delay: float, seconds: float) -> Strike:
    """Have everything that goes to or comes from RabbitMQ and Redis take longer."""

    async def strike(world: World) -> None:
        ways = (world.way_to_broker, world.way_to_redis)
        for way in ways:
            way.delay = delay
        await asyncio.sleep(seconds)
        for way in ways:
            way.delay = 0.0

    return strike


def cut_ways(times: int, pause: float) -> Strike:
    """Cut all connections to RabbitMQ and to Redis, in turns."""

    async def strike(world: World) -> None:
        for _ in range(times):
            world.way_to_broker.cut()
            await asyncio.sleep(world.random.uniform(0, 2 * pause))
            world.way_to_redis.cut()
            await asyncio.sleep(world.random.uniform(0, 2 * pause))

    return strike
