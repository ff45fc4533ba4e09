"""Where a canary would be found: all that onlookers can hear, and all that lies in Redis and in the journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractQueue
from installation import Installation

from ocppdiag_contracts.topology import ENDS


@asynccontextmanager
async def everything_published(installation: Installation) -> AsyncIterator[list[bytes]]:
    """All that anybody can hear with a pattern, dead letters included, as raw bytes with their headers."""
    seen: list[bytes] = []
    async with await aio_pika.connect(installation.services.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        for exchange in ("ocppdiag.events", "ocppdiag.dead"):
            await queue.bind(exchange, "#")
        yield seen
        await asyncio.sleep(0.5)
        seen += await drained(queue)


async def drained(queue: AbstractQueue) -> list[bytes]:
    found: list[bytes] = []
    while message := await queue.get(timeout=5, fail=False):
        await message.ack()
        found.append(message.body + repr(message.headers).encode() + repr(message.info()).encode())
    return found


async def everything_in_redis(installation: Installation) -> bytes:
    """Each key with its value, as Redis serialises it: short strings stay plain in there."""
    found: list[bytes] = []
    for key in await installation.redis.run("KEYS", "*"):
        kind = await installation.redis.run("TYPE", key)
        if kind == b"none":  # its time was over in between
            continue
        read = {
            b"string": ("GET", key),
            b"hash": ("HGETALL", key),
            b"set": ("SMEMBERS", key),
            b"zset": ("ZRANGE", key, 0, -1),
        }[kind]
        found += [key, repr(await installation.redis.run(*read)).encode()]
    return b"\n".join(found)


async def everything_in_the_journal(installation: Installation) -> bytes:
    """What the broker keeps of beginnings and ends, from its first message on."""
    found: list[bytes] = []
    async with await aio_pika.connect(installation.services.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(100)
        journal = await channel.get_queue(ENDS.name, ensure=False)
        with suppress(TimeoutError):
            async with journal.iterator(arguments={"x-stream-offset": "first"}, timeout=1) as messages:
                async for message in messages:
                    await message.ack()
                    found.append(message.body + repr(message.headers).encode())
    return b"\n".join(found)
