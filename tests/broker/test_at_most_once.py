"""A consumer that settles a message before it handles it: a message is handled once or not at all, never twice."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from places import Place, until
from structlog.testing import capture_logs

from ocppdiag_amqp import Delivery
from ocppdiag_local.services import Services

KILLED_AT_ONCE = """
import asyncio, os, signal, sys
from ocppdiag_amqp import Broker, Consumer
from ocppdiag_contracts.topology import Queue

async def handler(delivery):
    print(delivery.body.decode(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

async def run(url, queue, arguments):
    async with Broker(url, name="test") as broker:
        await Consumer.start(broker, Queue(queue, (), arguments), handler, prefetch=1, settle_first=True)
        await asyncio.sleep(20)

if sys.argv[1] == "uvloop":
    from uvloop import run as run_loop
else:
    run_loop = asyncio.run
run_loop(run(sys.argv[2], sys.argv[3], eval(sys.argv[4])))
"""


@pytest.fixture
async def place(services: Services) -> AsyncIterator[Place]:
    async with Place.own(services) as place:
        yield place


async def test_what_is_being_handled_when_the_connection_goes_does_not_come_again(place: Place) -> None:
    seen: Counter[bytes] = Counter()
    go_on = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        seen[delivery.body] += 1
        await go_on.wait()

    consumer = await place.consume(handler, settle_first=True)
    await place.put(b"a", b"b")
    await until(lambda: len(seen) == 2)
    await asyncio.sleep(0.2)
    place.wire.cut()
    await place.put(b"later")
    await until(lambda: seen[b"later"])  # the consumer is back
    go_on.set()
    await consumer.stop()
    await place.hang_up()
    assert seen == {b"a": 1, b"b": 1, b"later": 1}
    assert await place.left() == []


async def test_what_cannot_be_settled_is_not_handled_and_comes_again(place: Place) -> None:
    seen = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.body)

    consumer = await place.consume(handler, settle_first=True)
    await consumer.stop()
    await place.put(b"a")
    channel = await place.connection.channel()
    message = await (await channel.get_queue(place.queue.name)).get()
    assert message is not None
    await channel.close()
    await consumer._take(message)
    assert seen == []
    assert await place.left() == [b"a"]


async def test_what_its_handler_fails_at_is_said_and_does_not_come_again(place: Place) -> None:
    seen = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.body)
        raise ZeroDivisionError

    with capture_logs() as said:
        consumer = await place.consume(handler, settle_first=True)
        await place.put(b"a", b"b")
        await until(lambda: len(seen) == 2)
        await consumer.stop()
    await place.hang_up()
    assert sorted(seen) == [b"a", b"b"]
    assert await place.left() == []
    assert [line["event"] for line in said if line["log_level"] == "error"] == ["message_failed"] * 2


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_the_settling_has_left_the_process_when_the_handler_begins(
    services: Services, place: Place, loop: str
) -> None:
    """Else an order could go out to a station and come again, as one that no station has seen."""
    await place.put(b"1", b"2", b"3")
    for number in (b"1", b"2", b"3"):
        arguments = [services.amqp_url, place.queue.name, repr(dict(place.queue.arguments))]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED_AT_ONCE, loop, *arguments, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == -9
        assert out.split() == [number]
    await asyncio.sleep(0.5)  # what the last one had not settled would be back by now
    assert await place.left() == []
