"""Whether the broker can be used now: what a broker that is away or hangs does to the answer, and what is said of it."""

import asyncio

import pytest
from places import until
from structlog.testing import capture_logs
from wire import Wire
from yarl import URL

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_contracts.topology import EVENTS


async def test_a_broker_that_leaves_a_publish_unconfirmed_is_not_usable_until_it_confirms(wire: Wire) -> None:
    with capture_logs() as said:
        async with Broker(wire.url, name="test") as broker:
            await broker.declare_exchanges()
            publisher = await Publisher.open(broker)
            for number in range(3):
                await publisher.publish(EVENTS, "nobody", b"%d" % number, mandatory=False)
            assert broker.usable
            wire.flowing.clear()
            task = asyncio.create_task(publisher.publish(EVENTS, "nobody", b"x", mandatory=False))
            await asyncio.sleep(4)
            assert broker.usable  # so long is no trouble yet
            await until(lambda: not broker.usable, within=4)
            wire.flowing.set()
            await task
            await until(lambda: broker.usable, within=2)
    assert [(line["event"], line.get("reason")) for line in said] == [
        ("broker_unusable", "unconfirmed"),
        ("broker_usable", None),
    ]


async def test_a_broker_that_is_away_is_not_usable_until_both_connections_are_back(wire: Wire) -> None:
    with capture_logs() as said:
        async with Broker(wire.url, name="test") as broker:
            wire.cut(refuse=True)
            await until(lambda: not broker.usable, within=2)
            await asyncio.sleep(3)
            assert not broker.usable
            wire.mend()
            await until(lambda: broker.usable, within=10)
    trouble = [line for line in said if line["event"].startswith("broker_")]
    assert [(line["event"], line.get("reason")) for line in trouble] == [
        ("broker_unusable", "disconnected"),
        ("broker_usable", None),
    ]
    assert trouble[1]["after_seconds"] >= 3


async def test_a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for_for_ever(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocppdiag_amqp.broker.CONNECT_SECONDS", 2)
    held = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    real = list(wire.to)
    async with Broker(wire.url, name="test") as broker:
        await broker.declare_exchanges()
        wire.to[:] = [URL.build(scheme="amqp", host="127.0.0.1", port=silent.sockets[0].getsockname()[1])]
        wire.cut()
        await until(lambda: len(held) == 2)
        assert not broker.usable
        wire.to[:] = real
        await until(lambda: broker.usable, within=10)
    silent.close()
    for writer in held:
        writer.close()
