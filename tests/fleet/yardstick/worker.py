"""The yardstick's worker: one `SET NX EX` in Redis for each CALL, then its reply to the gateway it came from."""

import asyncio

from aio_pika.abc import AbstractIncomingMessage
from redis.asyncio import Redis

from yardstick.lane import Lane
from yardstick.wires import (
    BATCHED,
    CALLS,
    PREFETCH,
    REDIS_URL,
    Wires,
    main,
    read_calls,
    until_told_to_stop,
    wires,
)

REMEMBERED_SECONDS = 60


async def run() -> None:
    """Run until SIGTERM."""
    async with (
        asyncio.TaskGroup() as tasks,
        wires() as line,
        Redis.from_url(REDIS_URL, max_connections=PREFETCH, socket_timeout=None) as redis,
    ):
        await line.take(CALLS, Batched(tasks, line, redis).handle if BATCHED else Single(line, redis).handle)
        await until_told_to_stop()


class Batched:
    """All records of a message go one way together, each way once."""

    def __init__(self, tasks: asyncio.TaskGroup, line: Wires, redis: Redis) -> None:
        self._tasks = tasks
        self._line = line
        self._redis = redis
        self._lanes: dict[str, Lane] = {}

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Handle the calls of a message."""
        calls = read_calls(message.body)
        pipeline = self._redis.pipeline(transaction=False)
        for socket, message_id, _, _ in calls:
            pipeline.execute_command("SET", _key(socket, message_id), b"1", "NX", "EX", REMEMBERED_SECONDS)
        await pipeline.execute()
        lane = self._lane(message.reply_to or "")
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        last = len(calls) - 1
        for number, (socket, message_id, _, _) in enumerate(calls):
            lane.put(b"[%d,%b]" % (socket, message_id), confirmed if number == last else None)
        await confirmed
        await message.ack()

    def _lane(self, queue: str) -> Lane:
        if queue not in self._lanes:
            self._lanes[queue] = Lane(
                self._tasks, lambda body: self._line.publish(queue, body, persistent=False)
            )
        return self._lanes[queue]


class Single:
    """A message holds one record, which costs all of each way."""

    def __init__(self, line: Wires, redis: Redis) -> None:
        self._line = line
        self._redis = redis

    async def handle(self, message: AbstractIncomingMessage) -> None:
        """Handle the call of a message."""
        ((socket, message_id, _, _),) = read_calls(message.body)
        await self._redis.set(_key(socket, message_id), b"1", nx=True, ex=REMEMBERED_SECONDS)
        reply = b"[[%d,%b]]" % (socket, message_id)
        await self._line.publish(message.reply_to or "", reply, persistent=False)
        await message.ack()


def _key(socket: int, message_id: bytes) -> bytes:
    return b"yardstick:%d:%b" % (socket, message_id)


if __name__ == "__main__":
    main(run)
