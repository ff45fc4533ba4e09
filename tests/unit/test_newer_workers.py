"""A client hears what newer workers say: more in an event is passed over, another event is dropped without its body."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from ocppdiag_client.reading import NOT_READ, read
from ocppdiag_client.stream import Streams
from ocppdiag_contracts.cloud_events import attributes, versioned_name
from ocppdiag_contracts.commands import GetLog, InvalidCommandError, read_command
from ocppdiag_contracts.events import CommandSent, CommandSettled, MonitoringReport, Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.schemas import schema_of

KEY = "command_settled.CS-1"
SETTLED: dict[str, Any] = {
    "event": "command_settled",
    "id": "CS-1/one/settled",
    "time": "2026-01-31T12:00:00Z",
    "station": "CS-1",
    "command_id": "one",
    "command": "get_log",
    "outcome": "completed",
}
MONITOR = {"id": 1, "type": "Gradient", "severity": 4, "value": 1.5, "transaction": False}
REPORT = {
    "kind": "monitoring_report",
    "parts": 2,
    "irregularities": ["conflict", "upside_down"],
    "monitor": [
        {"component": {"name": "EVSE"}, "variable": {"name": "Power"}, "variable_monitoring": [MONITOR]}
    ],
}
TRIED = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}, "type": "Gradient", "severity": 4}


def _read(**members: object) -> CommandSettled | None:
    told = read(json.dumps(SETTLED | members).encode(), KEY)
    assert told is None or isinstance(told, CommandSettled)
    return told


class SecondSent(CommandSent):
    schema_version: int = 2


def test_what_a_newer_worker_adds_to_an_event_is_passed_over() -> None:
    told = _read(mood="good", result={"kind": "of tomorrow", "size": 1})
    assert told is not None
    assert told.result == {"kind": "of tomorrow", "size": 1}


def test_an_event_of_a_newer_version_is_read_for_what_is_known_of_it() -> None:
    with capture_logs() as lines:
        told = _read(schema_version=2, mood="good")
    assert told is not None
    assert (told.schema_version, told.outcome, told.detail) == (2, Outcome.COMPLETED, None)
    assert lines == []


@pytest.mark.parametrize("version", [0, -1, "newest", None])
def test_what_is_no_version_is_no_event(version: object) -> None:
    with pytest.raises(ValueError, match="schema_version"):
        CommandSettled.model_validate(SETTLED | {"schema_version": version})


def test_a_command_of_a_newer_version_is_refused() -> None:
    with pytest.raises(InvalidCommandError, match="schema_version"):
        read_command(
            json.dumps({"command": "get_log", "id": "1", "station": "C", "schema_version": 2}).encode()
        )


def test_an_event_is_written_and_described_in_its_own_version_alone() -> None:
    for kind, version in ((CommandSent, 1), (SecondSent, 2)):
        made = kind.model_validate({**SETTLED, "event": "command_sent"}, extra="ignore")
        assert json.loads(made.model_dump_json())["schema_version"] == version
        assert versioned_name(kind) == f"command_sent.v{version}"
        assert attributes(kind)["cloudEvents_type"] == f"ocppdiag.command_sent.v{version}"
        schema = schema_of(kind)
        assert schema["$id"].endswith(f"command_sent.v{version}")
        assert schema["properties"]["schema_version"]["const"] == version
        assert "schema_version" in schema["required"]


def test_values_that_no_list_of_ours_has_are_read_as_they_are() -> None:
    told = _read(outcome="failed", failure="station_asleep", retry="tomorrow", result=REPORT)
    assert told is not None
    assert (told.failure, told.retry, told.detail) == ("station_asleep", "tomorrow", None)
    assert isinstance(told.result, MonitoringReport)
    assert told.result.irregularities == ["conflict", "upside_down"]
    assert told.result.monitor is not None
    assert told.result.monitor[0].variable_monitoring[0].type == "Gradient"
    tried = _read(result={"kind": "monitors_set", "results": [TRIED | {"status": "Accepted"}]})
    assert tried is not None
    assert not isinstance(tried.result, dict)


def test_values_that_a_list_of_ours_has_are_of_that_list() -> None:
    told = _read(outcome="failed", failure="busy", retry="safe")
    assert told is not None
    assert (type(told.failure), type(told.retry)) == (Failure, Retry)


def test_an_event_that_is_not_known_is_dropped_and_its_body_is_in_no_log() -> None:
    for event in ("customer_moved", "command_settled"):
        with capture_logs() as lines:
            assert _read(event=event, station=["canary"], detail="canary") is None
        assert [line["event"] for line in lines] == ["event_unknown"]
        assert "canary" not in json.dumps(lines)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b'{"event": "command_settled"}', b"\xff", b"[" * 10_000]
)
def test_what_is_no_event_at_all_is_dropped(body: bytes) -> None:
    assert read(body, KEY) is None


@pytest.mark.parametrize(
    "member", ["id", "time", "command", "failure", "retry", "detail", "result", "reason"]
)
def test_an_end_with_a_member_that_cannot_be_read_is_an_end_without_it(member: str) -> None:
    told = _read(**{member: 7.5})
    assert told is not None
    assert (told.outcome, told.failure, told.detail) == (Outcome.COMPLETED, None, NOT_READ)
    assert told.id == "CS-1/one/settled"


@pytest.mark.parametrize("outcome", ["postponed", None, 5])
def test_an_end_that_cannot_be_told_is_a_failure_of_which_nothing_is_known(outcome: object) -> None:
    told = _read(outcome=outcome, failure="busy", retry="safe", detail="canary", mood="good")
    assert told is not None
    assert (told.outcome, told.failure, told.retry) == (Outcome.FAILED, Failure.INTERNAL_ERROR, Retry.UNKNOWN)
    assert told.detail == NOT_READ


async def test_who_waits_for_an_end_that_cannot_be_read_does_not_wait_for_ever() -> None:
    streams = Streams()
    command = GetLog(id="one", station="CS-1")
    streams.open(command)
    told = _read(outcome="postponed")
    assert told is not None
    streams.feed(told)
    assert await streams.settle(command) == told
