"""How long a command may take and wait, by its own word."""

import json

import pytest

from ocppdiag_contracts import GetLog, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES, CommandModel, StationCommand, name_of

GOOD = {"command": "get_log", "id": "one", "station": "CS-17", "time": "2026-01-31T12:00:00Z"}


def test_a_deadline_of_exactly_seven_days_and_one_in_the_past_are_allowed() -> None:
    for deadline in ("2026-02-07T12:00:00Z", "2026-01-01T00:00:00Z"):
        assert (
            read_command(json.dumps(GOOD | {"deadline": deadline}).encode()).due.isoformat()[:10]
            == deadline[:10]
        )


def _read(**members: object) -> GetLog:
    command = read_command(json.dumps(GOOD | members).encode())
    assert isinstance(command, GetLog)
    return command


def test_a_command_waits_only_if_it_says_so_and_until_its_deadline_unless_it_says_how_long() -> None:
    assert _read().waits_until is None
    assert _read(if_offline="fail").waits_until is None
    forever = _read(if_offline="wait")
    assert forever.waits_until == forever.due == forever.time + GetLog.DEFAULT_TIME
    limited = _read(if_offline="wait", deadline="2026-02-02T12:00:00Z")
    assert limited.waits_until == limited.due == limited.deadline


def test_the_usual_deadline_counts_from_the_end_of_the_wait() -> None:
    for until in ("2026-02-07T12:00:00Z", "2026-02-01T00:00:00Z"):
        command = _read(if_offline="wait", wait_until=until)
        assert command.waits_until == command.wait_until
        assert command.wait_until is not None
        assert command.due == command.wait_until + GetLog.DEFAULT_TIME
    given = _read(if_offline="wait", wait_until="2026-01-31T12:05:00Z", deadline="2026-01-31T12:05:00Z")
    assert given.due == given.deadline == given.waits_until


@pytest.mark.parametrize("kind", COMMAND_TYPES)
def test_what_asks_the_station_may_wait_for_it_and_nothing_else(kind: type[CommandModel]) -> None:
    ours = {"cancel", "list_commands"}
    assert issubclass(kind, StationCommand) is (name_of(kind) not in ours)
