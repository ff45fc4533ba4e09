"""What nobody can handle, through a real broker and intake: as a stub where it may hold a secret, whole where not."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aio_pika.abc import AbstractQueue
from stage import Stage, drained, until

from ocppdiag_amqp import Broker, Publisher, UnroutableError
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import COMMANDS, DEAD, STATION, Exchange, station_key
from ocppdiag_local.services import Services
from ocppdiag_workers.intake import Intake

SECRET = b"hunter2"


class House:
    """An intake at work, its front door, and its dead letters."""

    def __init__(self, stage: Stage, publisher: Publisher, dead: AbstractQueue) -> None:
        self.stage = stage
        self._publisher = publisher
        self._dead = dead

    async def put(self, exchange: Exchange, key: str, body: bytes) -> None:
        await self._publisher.publish(exchange, key, body)

    async def there(self) -> bool:
        """Whether the queues are bound; what is sent to find out is a command of ours that is none."""
        try:
            await self.put(COMMANDS, "get_log", self.stage.station.encode())
        except UnroutableError:
            return False
        return True

    async def parked(self, *, named: bool = True) -> bytes:
        """The next dead letter; `named` if it says that it is about our station."""
        name = self.stage.station.encode() if named else b""
        found: list[bytes] = []

        async def come() -> bool:
            found.extend(body for body in await drained(self._dead) if name in body)
            return bool(found)

        await until(come)
        (body,) = found
        return body


@pytest.fixture
async def house(services: Services, stage: Stage) -> AsyncIterator[House]:
    dead = await stage.listen((DEAD.name, "#"))
    stop = asyncio.Event()
    async with Broker(services.amqp_url, name="test") as broker:
        running = asyncio.create_task(Intake(stage.performer).run(broker, shards=1, prefetch=10, stop=stop))
        house = House(stage, await Publisher.open(broker), dead)
        await until(house.there)
        await house.parked()
        yield house
        stop.set()
        await running


def broken(station: str, *more: bytes) -> bytes:
    """A command that is no JSON."""
    return b'{"station": "' + station.encode() + b'", ' + b" ".join(more)


async def test_a_command_that_cannot_be_read_is_parked_whole(house: House) -> None:
    body = broken(house.stage.station, b'"command": "get_monitoring_report"')
    await house.put(COMMANDS, "get_monitoring_report", body)
    assert await house.parked() == body


@pytest.mark.parametrize(
    "member", [b"id_token", b"customer_certificate", b"customer_identifier", b"remote_location"]
)
async def test_a_command_that_cannot_be_read_and_may_hold_a_secret_is_parked_as_a_stub(
    house: House, member: bytes
) -> None:
    station = house.stage.station.encode()
    body = b'{"station": "' + station + b'", "' + member + b'": "' + SECRET + b'", "id": 5}'
    await house.put(COMMANDS, "get_log", body)
    shown = await house.parked()
    assert SECRET not in shown
    content = json.loads(shown)
    assert (content["withheld"], content["bytes"]) == (True, len(body))
    assert content["of"] == [{"station": house.stage.station}]


async def test_a_command_that_no_parser_takes_is_parked_as_a_stub_too(house: House) -> None:
    deep = b'"id_token": "' + SECRET + b'", "x": ' + b"[" * 100_000
    body = broken(house.stage.station, deep)
    await house.put(COMMANDS, "get_log", body)
    shown = await house.parked(named=False)
    assert SECRET not in shown
    assert json.loads(shown)["of"] == []


def unreadable(stage: Stage, action: str) -> dict[str, Any]:
    """A record of a CALL whose epoch is none."""
    record: dict[str, Any] = json.loads(link.encode(stage.called(action, {"data": SECRET.decode()})))
    return {**record, "epoch": "none"}


async def test_a_bad_record_of_a_batch_is_parked_alone_and_as_a_stub_where_it_may_be_personal(
    house: House,
) -> None:
    stage = house.stage
    await stage.connect()
    good = link.encode(stage.called("Heartbeat", {}))
    for action, whole in (("NotifyEvent", True), ("NotifyCustomerInformation", False)):
        bad = json.dumps(unreadable(stage, action)).encode()
        await house.put(STATION, station_key("call", "Heartbeat", 0), link.join([bad, good]))
        shown = await house.parked()
        assert (SECRET in shown) == whole
        if whole:
            assert shown == link.join([bad])
        else:
            assert json.loads(shown)["of"] == [
                {"station": stage.station, "kind": "call", "action": "NotifyCustomerInformation"}
            ]

    answers: list[link.ToGateway] = []

    async def answered() -> bool:
        answers.extend(await stage.orders())
        return len(answers) == 2

    await until(answered)
    assert all(isinstance(answer, link.Answer) for answer in answers), "the good one was handled"


@pytest.mark.parametrize(("action", "whole"), [("NotifyEvent", True), ("NotifyCustomerInformation", False)])
async def test_what_is_no_batch_at_all_is_parked_by_the_same_rule(
    house: House, action: str, *, whole: bool
) -> None:
    body = json.dumps({**unreadable(house.stage, action)}).encode()[:-1]
    await house.put(STATION, station_key("call", "Heartbeat", 0), body)
    shown = await house.parked(named=False)
    assert (shown == body) == whole
    assert (SECRET in shown) == whole
