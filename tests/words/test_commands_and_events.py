"""Our words on the wire: they come back as they went, and what is wrong is named and never repeated."""

import json
import typing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from ocppdiag_contracts import EVENT, Failure, GetLog, InvalidCommandError, Retry, read_command
from ocppdiag_contracts.commands import COMMAND_TYPES, Command, CommandModel
from ocppdiag_contracts.events import Event, EventModel
from ocppdiag_contracts.failures import _RETRY
from ocppdiag_contracts.model import MAX_INTEGER

CANARY = "canary-7f3a"
NOON = "2026-01-31T12:00:00Z"
GOOD = {"command": "get_log", "id": "one", "station": "CS-17", "time": NOON}

EVENTS = get_args(Event)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(max_value=datetime(9990, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 (hypothesis adds it)
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
stations = st.from_regex(r"[A-Za-z0-9*_=+|@-]{1,48}", fullmatch=True)
SPECIAL = {
    "station": stations,
    "id": st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    "command_id": st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    "sha256": st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    "payload": st.none() | st.dictionaries(texts, texts | st.booleans() | st.integers(0, 9) | st.none()),
    "deadline": moments,
    "retries": st.integers(0, 20),
    "retry_interval": st.integers(1, 3600),
    "max_bytes": st.integers(1, 2**40) | st.none(),
}
"""Fields whose type alone does not say what may be in them."""


def _values(annotation: Any, name: str = "") -> st.SearchStrategy[Any]:  # noqa: ANN401 (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _made(annotation)
    if name in SPECIAL:
        special: st.SearchStrategy[Any] = SPECIAL[name]
        return special
    if typing.get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if annotation in (datetime, AwareDatetime):
        return moments
    if annotation is str:
        return texts
    if annotation is int:
        return st.integers(0, MAX_INTEGER)
    if typing.get_origin(annotation) is list:
        return st.lists(_values(get_args(annotation)[0]), max_size=3)
    choices = [
        choice for choice in get_args(annotation) if typing.get_origin(annotation) is not typing.Literal
    ]
    if not choices:
        return st.from_type(annotation)
    return st.one_of([st.none() if choice is type(None) else _values(choice) for choice in choices])


def _made(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {name: _values(field.annotation, name) for name, field in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(model.model_validate)


def _wrong(**members: object) -> str:
    """What a sender is told of a command that is good but for these members (None takes one away)."""
    content = {name: value for name, value in (GOOD | members).items() if value is not None}
    with pytest.raises(InvalidCommandError) as error:
        read_command(json.dumps(content).encode())
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None
    return str(error.value)


def _concrete(kind: type[Any]) -> set[type[Any]]:
    """All that is built on a class and has nothing built on it."""
    below = set().union(*(_concrete(sub) for sub in kind.__subclasses__()))
    return below or {kind}


@pytest.mark.parametrize("kind", EVENTS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_comes_back_as_it_went(kind: type[EventModel], data: st.DataObject) -> None:
    event = data.draw(_made(kind))
    for body in (EVENT.dump_json(event), event.model_dump_json().encode()):
        assert EVENT.validate_json(body) == event
        assert json.loads(body)["time"].endswith("Z")


@settings(max_examples=50)
@given(st.data())
def test_every_command_comes_back_as_it_went(data: st.DataObject) -> None:
    fields = {name: _values(field.annotation, name) for name, field in GetLog.model_fields.items()}
    drawn = data.draw(st.fixed_dictionaries(fields))
    drawn["deadline"] = data.draw(
        st.none() | st.integers(0, 7 * 86_400).map(lambda s: drawn["time"] + timedelta(seconds=s))
    )
    period = sorted(data.draw(st.tuples(moments, moments)))
    command = GetLog.model_validate(
        drawn | dict(zip(("oldest_timestamp", "latest_timestamp"), period, strict=True))
    )
    assert read_command(command.model_dump_json().encode()) == command
    assert read_command(command.model_dump_json(exclude_none=True).encode()) == command


def test_every_command_is_listed_under_a_name_of_its_own() -> None:
    assert _concrete(CommandModel) == set(COMMAND_TYPES) == set(get_args(Command) or [Command])
    names = [TypeAdapter(kind).json_schema()["properties"]["command"]["const"] for kind in COMMAND_TYPES]
    assert len(set(names)) == len(names)


def test_every_event_is_listed_under_a_name_of_its_own() -> None:
    assert {kind for kind in _concrete(EventModel) if kind.__module__.startswith("ocppdiag_")} == set(EVENTS)
    names = [kind.model_fields["event"].default for kind in EVENTS]
    assert len(set(names)) == len(names)
    for kind, name in zip(EVENTS, names, strict=True):
        assert get_args(kind.model_fields["event"].annotation) == (name,)


def test_the_least_that_a_command_needs_is_its_name_its_id_and_its_station() -> None:
    command = read_command(b'{"command":"get_log","id":"one","station":"CS-17"}')
    assert command.due - command.time == timedelta(minutes=15)


def test_commands_made_in_python_have_ids_of_their_own() -> None:
    assert GetLog(station="CS-17").id != GetLog(station="CS-17").id


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


def test_a_deadline_of_exactly_seven_days_and_one_in_the_past_are_allowed() -> None:
    for deadline in ("2026-02-07T12:00:00Z", "2026-01-01T00:00:00Z"):
        assert (
            read_command(json.dumps(GOOD | {"deadline": deadline}).encode()).due.isoformat()[:10]
            == deadline[:10]
        )


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
