"""Our words on the wire: listed, and they come back as they went."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made
from pydantic import BaseModel

from ocppdiag_contracts import EVENT, Failure, GetLog, Retry, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES, CommandModel, name_of
from ocppdiag_contracts.events import CommandSettled, Event, EventModel, ReportedEvent, Result
from ocppdiag_contracts.failures import _RETRY

NOON = "2026-01-31T12:00:00Z"

EVENTS = get_args(Event)
RESULTS = get_args(get_args(Result)[0])


def _concrete(kind: type[Any]) -> set[type[Any]]:
    """All of ours that is built on a class and has nothing of ours built on it; tests make more."""
    ours = [sub for sub in kind.__subclasses__() if sub.__module__.startswith("ocppdiag_")]
    return set().union(*map(_concrete, ours)) or {kind}


@pytest.mark.parametrize("kind", EVENTS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_comes_back_as_it_went(kind: type[EventModel], data: st.DataObject) -> None:
    event: Any = data.draw(made(kind))
    for body in (EVENT.dump_json(event), event.model_dump_json().encode()):
        assert EVENT.validate_json(body) == event
        assert json.loads(body)["time"].endswith("Z")


@pytest.mark.parametrize("kind", RESULTS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_result_comes_back_as_what_it_was(kind: type[BaseModel], data: st.DataObject) -> None:
    settled = data.draw(made(CommandSettled, result=made(kind)))
    read = EVENT.validate_json(settled.model_dump_json())
    assert isinstance(read, CommandSettled)
    assert type(read.result) is kind
    assert read == settled


@pytest.mark.parametrize("kind", COMMAND_TYPES)
@settings(max_examples=50)
@given(data=st.data())
def test_every_command_comes_back_as_it_went(kind: type[CommandModel], data: st.DataObject) -> None:
    command = data.draw(made(kind))
    assert read_command(command.model_dump_json().encode()) == command
    assert read_command(command.model_dump_json(exclude_none=True).encode()) == command


def test_every_command_is_listed_under_a_name_of_its_own() -> None:
    assert _concrete(CommandModel) == set(COMMAND_TYPES)
    names = [name_of(kind) for kind in COMMAND_TYPES]
    assert len(set(names)) == len(names)
    for kind, name in zip(COMMAND_TYPES, names, strict=True):
        assert get_args(kind.model_fields["command"].annotation) == (name,)


def test_every_event_is_listed_under_a_name_of_its_own() -> None:
    assert _concrete(EventModel) == set(EVENTS)
    names = [kind.model_fields["event"].default for kind in EVENTS]
    assert len(set(names)) == len(names)
    for kind, name in zip(EVENTS, names, strict=True):
        assert get_args(kind.model_fields["event"].annotation) == (name,)


def test_what_a_station_told_can_say_how_it_broke_its_schema() -> None:
    told = {kind for kind in EVENTS if {"violations", "payload"} & kind.model_fields.keys()}
    assert told == {kind for kind in EVENTS if issubclass(kind, ReportedEvent)}
    assert len(told) == 7


def test_a_result_of_a_kind_that_is_not_known_here_is_a_plain_object() -> None:
    fields = {"event": "command_settled", "id": "x", "time": NOON, "station": "CS-17", "command_id": "one"}
    newer = {"kind": "firmware", "size": 7}
    settled = EVENT.validate_python(
        fields | {"command": "get_firmware", "outcome": "completed", "result": newer}
    )
    assert isinstance(settled, CommandSettled)
    assert settled.result == newer


def test_commands_made_in_python_have_ids_of_their_own() -> None:
    assert GetLog(station="CS-17").id != GetLog(station="CS-17").id


def test_every_failure_says_what_a_retry_would_do() -> None:
    assert set(_RETRY) == set(Failure)
    assert {failure.retry for failure in Failure} == set(Retry)


def test_an_event_of_another_name_is_refused_and_one_with_more_in_it_is_read() -> None:
    fields = {"id": "x", "time": NOON, "station": "CS-17", "command_id": "one"}
    EVENT.validate_python(fields | {"event": "command_sent"})
    for wrong in ({"event": "command_lost"}, {}):
        with pytest.raises(ValueError, match="event"):
            EVENT.validate_python(fields | wrong)
    newer = EVENT.validate_python(fields | {"event": "command_sent", "more": 1})
    assert newer == EVENT.validate_python(fields | {"event": "command_sent"})
