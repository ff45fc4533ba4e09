"""contracts/README.md: every message has an example there, and every example is what it says."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from ocppdiag_contracts import Failure, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES, CommandModel, StationCommand, WantedMonitor, name_of
from ocppdiag_contracts.events import EVENT, CommandSettled, Event, Irregularity, Result, Suspicion, Waiting

README = (Path(__file__).parents[2] / "contracts" / "README.md").read_text()
EXAMPLES = dict(re.findall(r"### `(\w+)`\n.*?```json\n(.*?)```", README, re.DOTALL))
COMMANDS = [name_of(model) for model in COMMAND_TYPES]
EVENTS = [model.model_fields["event"].default for model in get_args(Event)]
RESULTS = dict(re.findall(r"#### Result `(\w+)`\n.*?```json\n(.*?)```", README, re.DOTALL))
RESULT: TypeAdapter[Result] = TypeAdapter(Result)
RESULT_TYPES: tuple[type[BaseModel], ...] = get_args(get_args(Result)[0])
KINDS = [model.model_fields["kind"].default for model in RESULT_TYPES]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_an_example_that_reads_and_writes_the_same(name: str) -> None:
    command = read_command(EXAMPLES[name].encode())
    assert command.command == name
    assert json.loads(command.model_dump_json(exclude_none=True)) == json.loads(EXAMPLES[name])


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_an_example_that_reads_and_writes_the_same(name: str) -> None:
    event = EVENT.validate_json(EXAMPLES[name])
    assert event.event == name
    written = json.loads(event.model_dump_json(exclude_none=True))
    assert {key: value for key, value in written.items() if value != []} == json.loads(EXAMPLES[name])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_result_has_an_example_that_reads_and_writes_the_same(kind: str) -> None:
    result = RESULT.validate_json(RESULTS[kind])
    assert result.kind == kind
    assert json.loads(result.model_dump_json(exclude_none=True)) == json.loads(RESULTS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_result_is_told_to_be_of_commands_that_there_are(kind: str) -> None:
    (told,) = re.findall(rf"^\| `{kind}` \| (.*?) \|", README, re.MULTILINE)
    named = re.findall(r"`(\w+)`", told)
    assert named
    assert set(named) <= {"remote_location", *COMMANDS}


def test_the_end_that_is_shown_has_a_result_of_a_known_kind() -> None:
    settled = EVENT.validate_json(EXAMPLES["command_settled"])
    assert isinstance(settled, CommandSettled)
    assert isinstance(settled.result, RESULT_TYPES)


def test_there_is_no_example_of_anything_else() -> None:
    assert set(EXAMPLES) == set(COMMANDS) | set(EVENTS)
    assert set(RESULTS) == set(KINDS)


@pytest.mark.parametrize("model", COMMAND_TYPES)
def test_every_member_of_a_command_is_in_a_table(model: type[CommandModel]) -> None:
    tables = r"\nWhat every command has:\n(.*?)\nWhat has besides (.*?)\n### "
    ((every, asking),) = re.findall(tables, README, re.DOTALL)
    (own,) = re.findall(rf"\n### `{name_of(model)}`\n(.*?)\n##", README, re.DOTALL)
    page = every + (asking if issubclass(model, StationCommand) else "") + own
    listed = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert set(model.model_fields) == {member for cell in listed for member in re.findall(r"`(\w+)`", cell)}


def test_every_member_of_a_monitor_that_is_wanted_is_in_a_table() -> None:
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `.")]
    assert {member for cell in rows for member in re.findall(r"`\.(\w+)`", cell)} == set(
        WantedMonitor.model_fields
    )


@pytest.mark.parametrize("model", COMMAND_TYPES)
def test_the_default_deadline_of_a_command_is_told(model: type[CommandModel]) -> None:
    (own,) = re.findall(rf"\n### `{name_of(model)}`\n(.*?)\n##", README, re.DOTALL)
    minutes = re.findall(r"\| `deadline` \| (\d+) minutes after `time` \|", own) or ["15"]
    assert [f"{model.DEFAULT_TIME // timedelta(minutes=1)}"] == minutes


@pytest.mark.parametrize("irregularity", list(Irregularity))
def test_every_irregularity_is_listed(irregularity: Irregularity) -> None:
    assert f"| `{irregularity.value}` |" in README


@pytest.mark.parametrize("reason", list(Waiting))
def test_every_reason_to_wait_is_listed(reason: Waiting) -> None:
    (told,) = re.findall(r"\n### `command_waiting`\n(.*?)\n###", README, re.DOTALL)
    assert f"| `{reason.value}` |" in told


@pytest.mark.parametrize("reason", list(Suspicion))
def test_every_reason_of_a_suspicion_is_listed(reason: Suspicion) -> None:
    (told,) = re.findall(r"\n### `station_suspected`\n(.*?)\n###", README, re.DOTALL)
    assert f"| `{reason.value}` |" in told


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_is_listed_with_its_retry(failure: Failure) -> None:
    assert f"| `{failure.value}` | {failure.retry.value} |" in README
