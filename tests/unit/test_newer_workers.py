"""A client hears what newer workers say: more in an event is passed over, another event is dropped without its body."""

import json

from structlog.testing import capture_logs

from ocppdiag_amqp import Delivery
from ocppdiag_client.client import _read
from ocppdiag_contracts.events import CommandSettled

SETTLED = {
    "event": "command_settled",
    "id": "CS-1/one/settled",
    "time": "2026-01-31T12:00:00Z",
    "station": "CS-1",
    "command_id": "one",
    "command": "get_log",
    "outcome": "completed",
}


def _delivered(event: dict[str, object]) -> Delivery:
    return Delivery(json.dumps(event).encode(), None, "command_settled.CS-1")


def test_what_a_newer_worker_adds_to_an_event_is_passed_over() -> None:
    told = _read(_delivered({**SETTLED, "mood": "good", "result": {"kind": "of tomorrow", "size": 1}}))
    assert isinstance(told, CommandSettled)
    assert told.result == {"kind": "of tomorrow", "size": 1}


def test_an_event_that_is_not_known_is_dropped_and_its_body_is_in_no_log() -> None:
    with capture_logs() as lines:
        assert _read(_delivered({**SETTLED, "event": "customer_moved", "data": "canary"})) is None
    assert [line["event"] for line in lines] == ["event_unknown"]
    assert "canary" not in json.dumps(lines)
