"""contracts/README.md: every message has an example there, and every example is what it says."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from ocppdiag_contracts import Failure, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.events import EVENT, Event

README = (Path(__file__).parents[2] / "contracts" / "README.md").read_text()
EXAMPLES = dict(re.findall(r"### `(\w+)`\n.*?```json\n(.*?)```", README, re.DOTALL))
COMMANDS = [model.model_fields["command"].default for model in COMMAND_TYPES]
EVENTS = [model.model_fields["event"].default for model in get_args(Event)]


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


def test_there_is_no_example_of_anything_else() -> None:
    assert set(EXAMPLES) == set(COMMANDS) | set(EVENTS)


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_is_listed_with_its_retry(failure: Failure) -> None:
    assert f"| `{failure.value}` | {failure.retry.value} |" in README
