"""What nobody can handle, through a real broker and intake: as a stub where it may hold a secret, whole where not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from intakes import House, house_of
from stage import Stage, until

from ocppdiag_contracts import link
from ocppdiag_contracts.topology import COMMANDS, STATION, station_key
from ocppdiag_local.services import Services

SECRET = b"hunter2"


@pytest.fixture
async def house(services: Services, stage: Stage) -> AsyncIterator[House]:
    async with house_of(services, stage) as house, house.open():
        yield house


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
