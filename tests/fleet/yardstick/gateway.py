"""The yardstick's gateway: anybody may be a station, each CALL goes to the worker, each reply to its socket."""

import asyncio
from itertools import count

from aio_pika.abc import AbstractIncomingMessage
from msgspec import Raw
from msgspec.json import Decoder
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from yardstick.lane import Lane
from yardstick.wires import BATCHED, CALLS, REPLIES, main, read_replies, until_told_to_stop, wires

BACKLOG = 4096

split = Decoder(tuple[int, Raw, Raw, Raw]).decode
"""A CALL: its kind, message id, action and payload."""


async def run() -> None:
    """Run until SIGTERM."""
    sockets: dict[int, ServerConnection] = {}
    numbers = count()
    async with asyncio.TaskGroup() as tasks, wires() as line:

        async def publish(body: bytes) -> None:
            await line.publish(CALLS, body, persistent=True, reply_to=REPLIES)

        lane = Lane(tasks, publish)

        async def on_socket(socket: ServerConnection) -> None:
            number = next(numbers)
            sockets[number] = socket
            try:
                while True:
                    _, message_id, action, payload = split(await socket.recv(decode=False))
                    record = b"[%d,%b,%b,%b]" % (number, message_id, action, payload)
                    if BATCHED:
                        lane.put(record)
                    else:
                        await publish(b"[%b]" % record)
            except ConnectionClosed:
                del sockets[number]

        async def on_replies(message: AbstractIncomingMessage) -> None:
            for number, message_id in read_replies(message.body):
                if socket := sockets.get(number):
                    broadcast([socket], b"[3,%b,{}]" % message_id, text=True)
            await message.ack()

        await line.take(REPLIES, on_replies)
        async with serve(
            on_socket,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol("ocpp2.0.1")],
            compression=None,
            ping_interval=None,
            backlog=BACKLOG,
        ) as server:
            await until_told_to_stop(next(iter(server.sockets)).getsockname()[1])


if __name__ == "__main__":
    main(run)
