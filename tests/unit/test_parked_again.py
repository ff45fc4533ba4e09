"""What a parked message is about, and in what shape it is sent again: a command that had its end as a new one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocppdiag_amqp import Parked
from ocppdiag_client.parked import NotAgainError, about, again
from ocppdiag_contracts.commands import Cancel, Command, GetLog, IfOffline, SetMonitoringLevel, read_command
from ocppdiag_contracts.topology import COMMANDS, LARGEST_BODY, STATION

PARKED_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
NOW = PARKED_AT + timedelta(days=30)


def parked(body: bytes, **changed: object) -> Parked:
    fields: dict[str, Any] = {
        "id": "0123456789",
        "at": PARKED_AT,
        "reason": "because",
        "queue": "ocppdiag.commands",
        "exchange": COMMANDS.name,
        "key": "get_log",
        "deliveries": 9,
        "withheld": False,
        "body": body,
        "message_id": "m-1",
        "type": "get_log",
        "content_type": "application/json",
        "reply_to": "me",
        "headers": {"traceparent": "00-1", "cloudEvents_id": "c1"},
    }
    return Parked(**{**fields, **changed})


def of(command: Command, **changed: object) -> Parked:
    return parked(command.model_dump_json(exclude_none=True).encode(), **changed)


SENT = PARKED_AT - timedelta(hours=1)
WAITING = GetLog(
    id="c1",
    station="CS-1",
    time=SENT,
    deadline=SENT + timedelta(hours=3),
    if_offline=IfOffline.WAIT,
    wait_until=SENT + timedelta(hours=2),
    oldest_timestamp=SENT - timedelta(days=2),
    latest_timestamp=SENT,
)


def test_a_command_is_sent_again_as_a_new_one_with_as_much_time_as_it_had() -> None:
    shape = again(of(WAITING), NOW)
    new = read_command(shape.body)
    assert shape.exchange is COMMANDS
    assert new.id == shape.command_id == shape.message_id != WAITING.id
    changed = {
        "id": new.id,
        "time": NOW,
        "deadline": NOW + timedelta(hours=3),
        "wait_until": NOW + timedelta(hours=2),
    }
    assert new == WAITING.model_copy(update=changed), "what is wished for is the same"
    assert shape.headers["cloudEvents_id"] == new.id
    assert shape.headers["traceparent"] == "00-1"


def test_a_command_without_a_deadline_has_none_later_either() -> None:
    new = read_command(
        again(of(SetMonitoringLevel(id="c1", station="CS-1", time=SENT, severity=3)), NOW).body
    )
    assert (new.deadline, new.time) == (None, NOW)


def test_to_send_one_again_twice_is_to_send_it_once() -> None:
    first, second = again(of(WAITING), NOW), again(of(WAITING), NOW + timedelta(minutes=1))
    other = again(of(WAITING, id="9876543210"), NOW)
    assert first.command_id == second.command_id != other.command_id


@pytest.mark.parametrize("body", [b"no command", b'{"command": "get_log", "id": 7}', b"\xff"])
def test_what_is_no_command_is_sent_again_as_it_is(body: bytes) -> None:
    shape = again(parked(body), NOW)
    assert (shape.body, shape.message_id, shape.command_id) == (body, "m-1", None)
    assert shape.headers == {"traceparent": "00-1", "cloudEvents_id": "c1"}


def test_what_a_station_said_is_sent_again_as_it_is_even_if_it_looks_like_a_command() -> None:
    shape = again(of(WAITING, exchange=STATION.name), NOW)
    assert (shape.exchange, shape.command_id) == (STATION, None)
    assert read_command(shape.body) == WAITING


def test_a_stub_cannot_be_sent_again() -> None:
    with pytest.raises(NotAgainError, match="may hold a secret"):
        again(parked(b'{"withheld": true}', withheld=True), NOW)


@pytest.mark.parametrize("exchange", [None, "", "somebody.elses"])
def test_what_came_from_elsewhere_cannot_be_sent_again(exchange: str | None) -> None:
    with pytest.raises(NotAgainError, match="which of our exchanges"):
        again(parked(b"{}", exchange=exchange), NOW)


def record(station: object, **more: object) -> dict[str, object]:
    return {"kind": "result", "station": station, **more}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (json.loads(Cancel(id="c2", station="CS-1", command_id="c1").model_dump_json()), ("CS-1", "c2")),
        ([record("CS-1", tag="c1")], ("CS-1", "c1")),
        ([record("CS-1", tag="c1"), record("CS-1", tag="c2")], ("CS-1", None)),
        ([record("CS-1"), record("CS-2")], (None, None)),
        ({"id": 7, "station": ["x"]}, (None, None)),
        ([], (None, None)),
        ("CS-1", (None, None)),
    ],
)
def test_a_message_tells_its_station_and_command_if_it_has_one(
    said: object, expected: tuple[str | None, str | None]
) -> None:
    assert about(parked(json.dumps(said).encode())) == expected


def test_a_stub_tells_whose_it_was() -> None:
    stub = {"withheld": True, "of": [{"station": "CS-1", "id": "c1"}]}
    assert about(parked(json.dumps(stub).encode(), withheld=True)) == ("CS-1", "c1")
    assert about(parked(json.dumps(stub).encode())) == (None, None), "it only looks like one"


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[" * 100_000, b'{"station": "CS-1", "id": "c1"}' + b" " * LARGEST_BODY]
)
def test_what_no_parser_takes_tells_nothing(body: bytes) -> None:
    assert about(parked(body)) == (None, None)
