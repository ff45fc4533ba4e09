"""A broker that reads nothing from its publishers, because its disk is full by its own measure."""

import asyncio
from collections import Counter
from pathlib import Path

from places import until
from private import broker_of_our_own, disk_full
from structlog.testing import capture_logs

from ocppdiag_amqp import Broker, Consumer, Delivery, Publisher
from ocppdiag_contracts.topology import EVENTS, Queue

QUEUE = Queue("test.blocked", ((EVENTS, "test.blocked"),), {"x-queue-type": "quorum"})


async def test_while_a_broker_is_blocked_publishes_wait_consumers_go_on_readiness_is_off_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    heard: Counter[bytes] = Counter()
    held = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        await held.wait()
        heard[delivery.body] += 1

    with capture_logs() as said:
        async with broker_of_our_own(tmp_path) as node, Broker(node.url, name="test") as broker:
            await broker.declare_exchanges()
            publisher = await Publisher.open(broker)

            async def put(number: int) -> None:
                await publisher.publish(EVENTS, QUEUE.name, b"%d" % number, patience=60)

            consumer = await Consumer.start(broker, QUEUE, handler, prefetch=4)
            await asyncio.gather(*map(put, range(20)))
            async with disk_full(node):
                waiting = [asyncio.create_task(put(number)) for number in range(20, 40)]
                await until(lambda: not broker.usable, within=10)
                held.set()
                await until(
                    lambda: sum(heard.values()) == 20
                )  # sixteen came when four were settled, and so on
                await asyncio.sleep(7)
                assert not broker.usable
                assert not any(task.done() for task in waiting)
            await asyncio.wait_for(asyncio.gather(*waiting), 15)
            await until(lambda: broker.usable)
            await until(lambda: len(heard) == 40)
            await consumer.stop()
    assert set(heard.values()) == {1}
    trouble = [line for line in said if line["event"].startswith("broker_")]
    assert [line["event"] for line in trouble] == ["broker_unusable", "broker_usable"]
    assert trouble[0]["reason"] == "blocked"
