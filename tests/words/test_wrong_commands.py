"""What a command must be: the least that it needs, and what is wrong is named and never repeated."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts import InvalidCommandError, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES, CommandModel, name_of

CANARY = "canary-7f3a"
NOON = "2026-01-31T12:00:00Z"
GOOD = {"command": "get_log", "id": "one", "station": "CS-17", "time": NOON}
COMPONENT = {"name": "EVSE", "evse": {"id": 1}}
MONITOR = {
    "component": COMPONENT,
    "variable": {"name": "Power"},
    "type": "UpperThreshold",
    "value": 1.5,
    "severity": 4,
}

LEAST: dict[str, dict[str, object]] = {
    "get_log": {},
    "get_monitoring_report": {},
    "set_monitoring_base": {"monitoring_base": "All"},
    "set_monitoring_level": {"severity": 5},
    "set_variable_monitoring": {"set_monitoring_data": [MONITOR]},
    "clear_variable_monitoring": {"monitor_ids": [0]},
    "customer_information": {"clear": True, "customer_identifier": "one"},
    "trigger_log_status": {},
    "cancel": {"command_id": "two"},
    "list_commands": {},
}
"""What each command needs beside what all need."""


def _head(command: str) -> dict[str, object]:
    return {"command": command, "id": "one", "station": "CS-17"}


def _wrong(**members: object) -> str:
    """What a sender is told of a command that is good but for these members (None takes one away)."""
    content = {name: value for name, value in (GOOD | members).items() if value is not None}
    with pytest.raises(InvalidCommandError) as error:
        read_command(json.dumps(content).encode())
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None
    return str(error.value)


@pytest.mark.parametrize("kind", COMMAND_TYPES)
def test_a_command_that_says_nothing_of_its_deadline_has_one(kind: type[CommandModel]) -> None:
    command = read_command(json.dumps(LEAST[name_of(kind)] | _head(name_of(kind))).encode())
    assert timedelta(minutes=2) <= command.due - command.time == kind.DEFAULT_TIME <= kind.LONGEST_TIME


@pytest.mark.parametrize("kind", COMMAND_TYPES)
def test_the_least_that_a_command_needs_is_its_name_its_id_its_station_and_what_it_is_about(
    kind: type[CommandModel],
) -> None:
    least = LEAST[name_of(kind)] | _head(name_of(kind))
    read_command(json.dumps(least).encode())
    for name in least:
        rest = {key: value for key, value in least.items() if key != name}
        with pytest.raises(InvalidCommandError, match=rf"\b{name}\b"):
            read_command(json.dumps(rest).encode())


@pytest.mark.abuse("36 validation errors", "the field is named, its value is not repeated")
@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"command": None}, "command: "),
        ({"command": CANARY}, "command: "),
        ({"id": None}, "id: "),
        ({"more": CANARY}, "more: "),
        ({"station": None}, "station: "),
        ({"station": f"{CANARY}/.."}, "station: "),
        ({"station": [CANARY]}, "station: "),
        ({"id": f"{CANARY}\n"}, "id: "),
        ({"id": CANARY * 10}, "id: "),
        ({"schema_version": 2}, "schema_version: "),
        ({"schema_version": CANARY}, "schema_version: "),
        ({"time": CANARY}, "time: "),
        ({"time": "2026-01-31T12:00:00"}, "time: "),
        ({"time": "2026-01-31"}, "time: "),
        ({"time": 1700000000}, "time: "),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time: "),
        ({"time": "9999-12-31T23:59:59Z"}, "time: "),
        ({"time": "9999-12-31T23:59:59-14:00"}, "time: "),
        ({"deadline": "2026-02-07T12:00:01Z"}, "deadline: must be at most 7 days after time"),
        ({"deadline": "9999-12-31T23:59:59Z"}, "deadline: "),
        ({"deadline": CANARY}, "deadline: "),
        ({"if_offline": CANARY}, "if_offline: "),
        ({"wait_until": NOON}, "wait_until: only goes with if_offline wait"),
        ({"if_offline": "fail", "wait_until": NOON}, "wait_until: only goes with if_offline wait"),
        ({"if_offline": "wait", "wait_until": CANARY}, "wait_until: "),
        ({"if_offline": "wait", "wait_until": "2026-02-07T12:00:01Z"}, "wait_until: must be at most 7 days"),
        ({"if_offline": "wait", "wait_until": "9999-12-31T23:59:59Z"}, "wait_until: must be at most 7 days"),
        (
            {
                "if_offline": "wait",
                "wait_until": "2026-01-31T12:05:00.001Z",
                "deadline": "2026-01-31T12:05:00Z",
            },
            "wait_until: must not be after deadline",
        ),
        ({"log_type": CANARY}, "log_type: "),
        ({"retries": CANARY}, "retries: "),
        ({"retries": "2"}, "retries: "),
        ({"retries": True}, "retries: "),
        ({"retries": -1}, "retries: "),
        ({"retries": 21}, "retries: "),
        ({"retry_interval": 0}, "retry_interval: "),
        ({"max_bytes": 0}, "max_bytes: "),
        (
            {"oldest_timestamp": "2026-01-02T00:00:00Z", "latest_timestamp": "2026-01-01T00:00:00Z"},
            "oldest_timestamp: must not be after latest_timestamp",
        ),
    ],
)
def test_a_field_that_is_wrong_is_named_and_its_value_is_not_repeated(
    members: dict[str, object], named: str
) -> None:
    assert _wrong(**members).startswith(named)


@pytest.mark.parametrize(
    ("command", "members", "named"),
    [
        ("get_log", {"remote_location": f"gopher://{CANARY}/"}, "remote_location: "),
        ("get_log", {"remote_location": f"https:///{CANARY}"}, "remote_location: must name a host"),
        ("get_log", {"remote_location": f"https://{CANARY}:99999/"}, "remote_location: must name a host"),
        ("get_log", {"remote_location": f"https://h/#{CANARY}"}, "remote_location: "),
        ("get_log", {"remote_location": f"https://h/ {CANARY}"}, "remote_location: "),
        ("get_log", {"remote_location": f"https://h/{CANARY * 50}"}, "remote_location: "),
        ("get_log", {"remote_location": f"https://{CANARY}/", "max_bytes": 1}, "max_bytes: only goes with"),
        ("get_monitoring_report", {"monitoring_criteria": []}, "monitoring_criteria: "),
        ("get_monitoring_report", {"monitoring_criteria": [CANARY]}, "monitoring_criteria.0: "),
        (
            "get_monitoring_report",
            {"monitoring_criteria": ["DeltaMonitoring", "DeltaMonitoring"]},
            "monitoring_criteria: must not name one twice",
        ),
        ("get_monitoring_report", {"component_variable": []}, "component_variable: "),
        ("get_monitoring_report", {"component_variable": [{"variable": {"name": CANARY}}]}, "component_"),
        ("set_monitoring_base", {"monitoring_base": CANARY}, "monitoring_base: "),
        ("set_monitoring_level", {"severity": 10}, "severity: "),
        ("set_monitoring_level", {"severity": -1}, "severity: "),
        ("set_monitoring_level", {"severity": "5"}, "severity: "),
        ("set_monitoring_level", {"severity": True}, "severity: "),
        ("set_variable_monitoring", {"set_monitoring_data": []}, "set_monitoring_data: "),
        ("set_variable_monitoring", {"set_monitoring_data": [MONITOR] * 1001}, "set_monitoring_data: "),
        ("set_variable_monitoring", {"set_monitoring_data": [MONITOR | {"value": 1e-7}]}, "set_monitoring_"),
        (
            "set_variable_monitoring",
            {"set_monitoring_data": [MONITOR | {"type": "Delta", "value": -1}]},
            "set_monitoring_data.0: value: must not be negative",
        ),
        (
            "set_variable_monitoring",
            {"set_monitoring_data": [MONITOR, MONITOR | {"variable": {"name": "POWER"}, "value": 2}]},
            "set_monitoring_data: must not name one component, variable, type and severity twice",
        ),
        (
            "set_variable_monitoring",
            {"set_monitoring_data": [MONITOR, MONITOR | {"component": COMPONENT | {"name": "evse"}}]},
            "set_monitoring_data: must not name one component, variable, type and severity twice",
        ),
        ("clear_variable_monitoring", {"monitor_ids": []}, "monitor_ids: "),
        ("clear_variable_monitoring", {"monitor_ids": [1, 1]}, "monitor_ids: must not name one twice"),
        ("clear_variable_monitoring", {"monitor_ids": [2**31]}, "monitor_ids.0: "),
        ("customer_information", {"clear": False}, "report, clear: at least one"),
        (
            "customer_information",
            {"customer_identifier": None},
            "id_token, customer_certificate, customer_id",
        ),
        (
            "customer_information",
            {"id_token": {"id_token": CANARY, "type": "Central"}},
            "id_token, customer_",
        ),
        ("customer_information", {"customer_identifier": CANARY * 10}, "customer_identifier: "),
        ("customer_information", {"local_list_version": 1}, "local_list_version: only goes with"),
        ("cancel", {"command_id": f"{CANARY}/"}, "command_id: "),
        ("cancel", {"if_offline": "wait"}, "if_offline: "),
        ("trigger_log_status", {"request_id": CANARY}, "request_id: "),
        ("list_commands", {"if_offline": "wait"}, "if_offline: "),
    ],
)
def test_what_a_command_may_not_ask_is_named_and_not_repeated(
    command: str, members: dict[str, object], named: str
) -> None:
    content = LEAST[command] | _head(command) | members
    with pytest.raises(InvalidCommandError) as error:
        read_command(json.dumps(content).encode())
    assert str(error.value).startswith(named)
    assert CANARY not in str(error.value)


def test_every_field_that_is_wrong_is_named() -> None:
    said = _wrong(retries=99, more=CANARY, station="..")
    assert all(f"{name}: " in said for name in ("retries", "more", "station"))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"canary-7f3a"', b'{"canary-7f3a', b"\xff\xfecanary-7f3a", b'{"id":"\\ud800"}',
        b"[" * 100_000, b'{"a":' * 100_000, b"\x00", b'{"command":"get_log","station":"\\u0000"}',
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused_without_being_repeated(body: bytes) -> None:
    with pytest.raises(InvalidCommandError) as error:
        read_command(body)
    assert CANARY not in str(error.value)


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: json.dumps({"command": text}).encode()))
def test_nothing_that_arrives_raises_anything_else(body: bytes) -> None:
    with pytest.raises(InvalidCommandError):
        read_command(body)
