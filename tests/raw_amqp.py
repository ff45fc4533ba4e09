"""A message on the broker whose properties are written by hand: what no client library would send."""

import asyncio
import struct
from urllib.parse import unquote, urlsplit

from pamqp import commands
from pamqp import frame as amqp
from pamqp.header import ProtocolHeader

END = b"\xce"


def short(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def table(entries: bytes) -> bytes:
    return struct.pack(">I", len(entries)) + entries


CONTENT_TYPE, HEADERS, DELIVERY_MODE, MESSAGE_ID, TIMESTAMP, TYPE = (
    1 << bit for bit in (15, 13, 12, 7, 6, 5)
)


async def publish_raw(url: str, exchange: str, key: str, properties: dict[int, bytes], body: bytes) -> bool:
    """Publish one message and tell whether the broker takes it; `properties` are by their flag, each encoded already."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port or 5672)
    try:
        writer.write(ProtocolHeader().marshal())
        await _expect(reader, commands.Connection.Start)
        user, password = unquote(address.username or "guest"), unquote(address.password or "guest")
        answer = commands.Connection.StartOk(
            client_properties={}, mechanism="PLAIN", response=f"\0{user}\0{password}", locale="en_US"
        )
        writer.write(amqp.marshal(answer, 0))
        await _expect(reader, commands.Connection.Tune)
        writer.write(amqp.marshal(commands.Connection.TuneOk(2047, 131072, 0), 0))
        vhost = unquote(address.path[1:]) or "/"
        writer.write(amqp.marshal(commands.Connection.Open(virtual_host=vhost), 0))
        await _expect(reader, commands.Connection.OpenOk)
        writer.write(amqp.marshal(commands.Channel.Open(), 1))
        await _expect(reader, commands.Channel.OpenOk)
        writer.write(amqp.marshal(commands.Confirm.Select(), 1))
        await _expect(reader, commands.Confirm.SelectOk)
        writer.write(amqp.marshal(commands.Basic.Publish(exchange=exchange, routing_key=key), 1))
        ordered = sorted(properties.items(), reverse=True)
        flags = sum(flag for flag, _ in ordered)
        head = struct.pack(">HHQH", 60, 0, len(body), flags) + b"".join(value for _, value in ordered)
        writer.write(struct.pack(">BHI", 2, 1, len(head)) + head + END)
        writer.write(struct.pack(">BHI", 3, 1, len(body)) + body + END)
        return isinstance(await _next(reader), commands.Basic.Ack)
    finally:
        writer.close()


async def _expect(reader: asyncio.StreamReader, kind: type[object]) -> None:
    came = await _next(reader)
    assert isinstance(came, kind), came


async def _next(reader: asyncio.StreamReader) -> object:
    async with asyncio.timeout(10):
        head = await reader.readexactly(7)
        rest = await reader.readexactly(struct.unpack(">I", head[3:])[0] + 1)
    return amqp.unmarshal(head + rest)[2]
