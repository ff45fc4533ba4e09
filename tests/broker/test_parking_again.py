"""What is parked and sent again, on a real broker: where it goes, in whose name, and once."""

import asyncio
from datetime import timedelta

import pytest
from origin import Origin
from wire import Wire

from ocppdiag_amqp import BrokerError, Parking, UnroutableError, park
from ocppdiag_client.parked import again
from ocppdiag_contracts.commands import SetMonitoringLevel, read_command
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS


async def test_what_is_sent_again_is_where_it_had_come_from_and_no_longer_here(origin: Origin) -> None:
    delivery = await origin.park(b"a", headers={"traceparent": "00-1"})
    async with origin.look() as (held,):
        shape = again(held.parked, now())
        await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)
    assert await origin.parked() == []
    back = await origin.queue.get(no_ack=True)
    assert back is not None
    assert (back.body, back.exchange, back.routing_key) == (b"a", COMMANDS.name, origin.queue.name)
    assert (back.message_id, back.reply_to) == (delivery.message_id, "me")
    assert (back.type, back.content_type, back.delivery_mode) == ("kind", "text/plain", 2)
    assert back.headers["traceparent"] == "00-1"
    assert not any(name.startswith("parked_") for name in back.headers)


@pytest.mark.parametrize("first", ["tenant-a", None])
async def test_what_is_sent_again_is_ours_and_names_all_who_had_sent_it(
    origin: Origin, first: str | None
) -> None:
    taken, earlier = origin.delivery(b"a", user_id=first), first or ""
    for senders in (earlier, f"{earlier}\nguest"):
        await park(origin.publisher, taken, b"a", "because")
        async with origin.look() as (held,):
            assert held.parked.user == taken.user_id
            await held.send(COMMANDS, b"a", message_id=None, headers=held.parked.headers)
        back = await origin.queue.get(no_ack=True)
        assert back is not None
        assert (back.user_id, back.headers["sent_for"]) == ("guest", senders)
        taken = origin.delivery(b"a", user_id=back.user_id, headers=back.headers)
    assert taken.senders == ("guest", first, "guest")


async def test_what_nobody_takes_stays(origin: Origin) -> None:
    await origin.park(b"a", routing_key="nobody")
    async with origin.look() as (held,):
        with pytest.raises(UnroutableError):
            await held.send(COMMANDS, b"a", message_id=None, headers={})
    assert [parked.body for parked in await origin.stays(1)] == [b"a"]


async def test_a_command_whose_sender_falls_between_sending_and_taking_it_out_is_sent_as_the_same_one(
    origin: Origin,
) -> None:
    time = now() - timedelta(hours=1)
    command = SetMonitoringLevel(id="c1", station="CS-1", severity=3, time=time)
    await origin.park(command.model_dump_json().encode())

    async def send(url: str, cut: Wire | None = None) -> None:
        async with origin.look(url) as (held,):
            shape = again(held.parked, now())
            if cut:
                take_out = held.drop

                async def fall() -> None:
                    cut.cut(refuse=True)
                    await origin.stays(1)
                    await take_out()

                held.drop = fall  # type: ignore[method-assign]
            await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)

    async with Wire(origin.url) as wire:
        with pytest.raises(BrokerError):
            await send(wire.url, wire)
    await origin.stays(1)
    await send(origin.url)
    assert await origin.parked() == []
    sent = [await origin.queue.get(no_ack=True) for _ in range(2)]
    first, second = (read_command(message.body) for message in sent if message)
    assert first.id == second.id != command.id


async def test_what_fails_again_while_all_are_sent_again_waits_for_the_next_time(origin: Origin) -> None:
    for number in range(3):
        await origin.park(b"%d" % number)
    seen = []
    async with asyncio.timeout(30), Parking.open(origin.url) as parking:
        async for held in parking.messages():
            if held.parked.queue == origin.queue.name:
                seen.append(held.parked.body)
                await held.send(COMMANDS, held.parked.body, message_id=None, headers={})
                await origin.park(held.parked.body)
    assert seen == [b"0", b"1", b"2"]
    await origin.stays(3)
