"""What no worker can handle, through a real broker and intake: parked with its reason, and what comes next is handled."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from intakes import House, house_of
from msgspec import structs
from stage import Stage, until

from ocppdiag_amqp import Parked
from ocppdiag_contracts import link
from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.topology import COMMANDS, EXPIRED_KEY, LARGEST_BODY, STATION, Exchange, station_key
from ocppdiag_local.services import Services
from ocppdiag_workers.decide import Decision, decide

CALLED = station_key("call", "Heartbeat", 0)
SECRET = "hunter2"
TOO_LONG = f"longer than {LARGEST_BODY} bytes"


@pytest.fixture
async def house(services: Services, stage: Stage) -> AsyncIterator[House]:
    async with house_of(services, stage) as house, house.open():
        await stage.connect()
        yield house


async def assert_alive(house: House) -> None:
    """The next command has its end, and the next CALL its answer."""
    stage = house.stage
    await stage.orders()
    command = SetMonitoringLevel(**stage.times(due_in=-60), severity=3)
    await house.put(COMMANDS, command.command, command.model_dump_json(exclude_none=True).encode())
    await house.put(STATION, CALLED, link.join([link.encode(stage.called("Heartbeat", {}))]))

    async def ended() -> bool:
        return any(isinstance(event, CommandSettled) for event in await stage.events())

    await until(ended)
    await until(stage.orders)


def assert_came_by(parked: Parked, exchange: Exchange, key: str, queue: str) -> None:
    assert (parked.exchange, parked.key, parked.queue) == (exchange.name, key, queue)
    assert (parked.deliveries, parked.withheld) == (1, False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"station": "%s", "id": 7', "no command: Invalid JSON: EOF while parsing"),
        ('["%s"]', "no command: Input should be an object"),
        (
            '{"station": "%s", "id": "hunter2 is no id", "command": "set_monitoring_level", "severity": 3}',
            "no command: id: String should match pattern",
        ),
        (
            '{"station": "%s", "id": 7, "command": "set_monitoring_level", "severity": 3, "schema_version": 2}',
            "no command: id: Input should be a valid string; schema_version: Input should be 1",
        ),
    ],
)
async def test_what_is_no_command_is_parked_with_what_is_wrong(house: House, text: str, reason: str) -> None:
    body = (text % house.stage.station).encode()
    await house.put(COMMANDS, "set_monitoring_level", body)
    parked = await house.put_aside()
    assert parked.body == body
    assert parked.reason.startswith(reason)
    assert SECRET not in parked.reason
    assert_came_by(parked, COMMANDS, "set_monitoring_level", "ocppdiag.commands")
    await assert_alive(house)


@pytest.mark.parametrize("longer", [1, 2**24 - LARGEST_BODY])
@pytest.mark.parametrize(("exchange", "key"), [(COMMANDS, "set_monitoring_level"), (STATION, CALLED)])
@pytest.mark.abuse("33 a command of 16 MiB", "parked unread, the next one is handled")
async def test_what_is_too_long_is_parked_unread(
    house: House, exchange: Exchange, key: str, longer: int
) -> None:
    body = json.dumps([house.stage.station]).encode().ljust(LARGEST_BODY + longer)
    await house.put(exchange, key, body)
    parked = await house.put_aside()
    assert parked.body == body
    assert parked.reason == TOO_LONG
    queue = "ocppdiag.commands" if exchange is COMMANDS else "ocppdiag.diagnostics.0"
    assert_came_by(parked, exchange, key, queue)
    await assert_alive(house)


async def test_what_is_too_long_and_may_hold_a_secret_is_parked_as_a_stub(house: House) -> None:
    body = json.dumps({"id_token": SECRET}).encode() + b" " * LARGEST_BODY
    await house.put(COMMANDS, "customer_information", body)
    parked = await house.put_aside(named=False)
    assert SECRET.encode() not in parked.body
    assert (parked.reason, parked.withheld, json.loads(parked.body)["bytes"]) == (TOO_LONG, True, len(body))
    await assert_alive(house)


async def test_what_is_just_not_too_long_is_read(house: House) -> None:
    command = SetMonitoringLevel(**house.stage.times(due_in=-60), severity=3)
    body = command.model_dump_json(exclude_none=True).encode()
    await house.put(COMMANDS, command.command, body + b" " * (LARGEST_BODY - len(body)))
    await until(house.stage.events)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"v": 2}, "no record: its version is not 1"),
        ({"kind": SECRET}, "no record: Invalid value ... - at `$.kind`"),
        ({"epoch": SECRET}, "no record: Expected `int`, got `str` - at `$.epoch`"),
    ],
)
async def test_a_record_that_cannot_be_read_is_parked_alone(
    house: House, changed: dict[str, Any], reason: str
) -> None:
    stage = house.stage
    good = link.encode(stage.called("Heartbeat", {}))
    bad = json.dumps({**json.loads(good), **changed}).encode()
    await house.put(STATION, CALLED, link.join([bad, good]))
    parked = await house.put_aside()
    assert parked.body == link.join([bad])
    assert parked.reason == reason
    assert_came_by(parked, STATION, CALLED, "ocppdiag.diagnostics.0")
    await until(stage.orders)
    await assert_alive(house)


@pytest.mark.parametrize(
    ("station", "reason"),
    [(b"\xff", "no record: it is not UTF-8"), (b'","payload":' + b"[" * 100_000, "not a batch of records: ")],
)
async def test_what_breaks_the_parser_itself_is_parked_at_its_first_delivery(
    house: House, station: bytes, reason: str
) -> None:
    name = house.stage.station.encode()
    body = b'[{"kind":"call","station":"' + name + station + b'"}]'
    await house.put(STATION, CALLED, body)
    parked = await house.put_aside()
    assert parked.body == body
    assert parked.reason.startswith(reason)
    assert_came_by(parked, STATION, CALLED, "ocppdiag.diagnostics.0")
    await assert_alive(house)


async def test_an_order_that_comes_back_unreadable_spoils_no_other(house: House) -> None:
    stage = house.stage
    command = SetMonitoringLevel(**stage.times(), severity=3)
    await stage.command(command)
    (call,) = await stage.calls()
    bad = json.dumps({"kind": "displace", "station": stage.station, "epoch": None}).encode()
    await house.put(
        STATION, EXPIRED_KEY, link.join([bad, link.encode(structs.replace(call, expires_at=0.0))])
    )
    parked = await house.put_aside()
    assert parked.body == link.join([bad])
    assert_came_by(parked, STATION, EXPIRED_KEY, "ocppdiag.diagnostics.0")

    async def ended() -> bool:
        return any(isinstance(event, CommandSettled) for event in await stage.events())

    await until(ended)
    await assert_alive(house)


async def test_a_record_that_a_worker_has_a_bug_for_is_parked_alone_and_its_station_is_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = house.stage

    def faulty(record: link.ToWorkers, *more: Any) -> Decision:  # noqa: ANN401 (as the real one has them)
        if isinstance(record, link.Called) and record.action == "NotifyEvent":
            raise ZeroDivisionError(SECRET)
        return decide(record, *more)

    monkeypatch.setattr("ocppdiag_workers.intake.decide", faulty)
    bad = link.encode(stage.called("NotifyEvent", {"data": SECRET}))
    await house.put(STATION, CALLED, link.join([bad, link.encode(stage.called("Heartbeat", {}))]))
    parked = await house.put_aside()
    assert parked.body == link.join([bad])
    assert parked.reason == "a worker's fault: ZeroDivisionError"
    assert_came_by(parked, STATION, CALLED, "ocppdiag.diagnostics.0")
    answers: list[link.ToGateway] = []

    async def answered() -> bool:
        answers.extend(await stage.orders())
        return len(answers) == 2

    await until(answered)
    assert {type(answer) for answer in answers} == {link.Refuse, link.Answer}
    await assert_alive(house)
