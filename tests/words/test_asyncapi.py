"""The contract for services in any language: the committed files are what the code makes, and what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts import EVENT, GetLog, InvalidCommandError, read_command
from ocppdiag_contracts.asyncapi import SHAPES, examples_of, files
from ocppdiag_contracts.cloud_events import Kind, name_of, versioned_name
from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.events import EventModel
from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.schemas import EVENT_TYPES, MESSAGES, shapes_of
from ocppdiag_contracts.topology import COMMANDS, EVENTS, event_key, reply_queue

CONTRACTS = Path(__file__).parents[2] / "contracts"
README = (CONTRACTS / "README.md").read_text(encoding="utf-8")
EXAMPLES = examples_of(README)
KNOWN: dict[str, str] = json.loads((CONTRACTS / SHAPES).read_text(encoding="utf-8"))
DOCUMENT: dict[str, Any] = json.loads((CONTRACTS / "asyncapi.json").read_text(encoding="utf-8"))

PYTHON = re.compile(
    r"\b(None|True|False|str|int|dict|bool|pydantic|Python|Raises|Args|Literal|self)\b|:class:|>>>"
)

every_message = pytest.mark.parametrize("kind", MESSAGES, ids=versioned_name)


def committed(kind: Kind) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((CONTRACTS / f"schemas/{versioned_name(kind)}.json").read_text())
    return schema


def judge(kind: Kind) -> Any:  # noqa: ANN401 (jsonschema has no types)
    return jsonschema.Draft202012Validator(committed(kind))


def test_the_committed_contract_is_what_the_code_makes() -> None:
    """If this fails: `make contract`."""
    made = files(EXAMPLES, KNOWN)
    stale = [path for path, text in made.items() if (CONTRACTS / path).read_text(encoding="utf-8") != text]
    assert stale == []


def test_there_is_a_schema_for_each_known_shape_and_for_nothing_else_and_it_has_that_shape() -> None:
    there = {file.stem: json.loads(file.read_text()) for file in CONTRACTS.glob("schemas/*.v*.json")}
    assert {name: mark for schema in there.values() for name, mark in shapes_of(schema).items()} == KNOWN
    assert {f"{name}.json" for name in there} | {"shapes.json"} == {
        file.name for file in (CONTRACTS / "schemas").iterdir()
    }


@every_message
def test_a_schema_is_one_of_2020_12_and_of_nothing_beside_itself(kind: Kind) -> None:
    schema = committed(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:ocppdiag:schema:{versioned_name(kind)}"
    assert schema["title"] == versioned_name(kind)
    references = re.findall(r'"\$ref": "(.*?)"', json.dumps(schema))
    assert all(reference.removeprefix("#/$defs/") in schema["$defs"] for reference in references)
    assert not [name for name, member in schema["properties"].items() if "title" in member]


@every_message
def test_what_a_schema_says_is_for_readers_of_any_language(kind: Kind) -> None:
    described = re.findall(r'"(?:description|title)": "(.*?)"', json.dumps(committed(kind)))
    assert len(described) >= 2
    assert [text for text in described if PYTHON.search(text)] == []


@every_message
def test_the_readmes_example_is_as_its_schema_says(kind: Kind) -> None:
    judge(kind).validate(EXAMPLES[name_of(kind)])


@every_message
def test_a_member_of_the_example_is_required_by_the_schema_exactly_if_it_is_by_us(kind: Kind) -> None:
    example = EXAMPLES[name_of(kind)]
    for name in example:
        rest = {key: value for key, value in example.items() if key != name}
        if issubclass(kind, EventModel):
            # What is the same in each is always written, whether or not a reader in Python insists.
            required = name in ("event", "schema_version") or kind.model_fields[name].is_required()
        else:
            required = f"{name}: Field required" in _refusal(rest)
        assert judge(kind).is_valid(rest) is not required, name


def _refusal(command: dict[str, Any]) -> str:
    """What is said of a command; nothing when it is taken."""
    try:
        read_command(json.dumps(command).encode())
    except InvalidCommandError as error:
        return str(error)
    return ""


@every_message
def test_a_command_is_closed_and_an_event_is_open_at_every_depth(kind: Kind) -> None:
    example, is_event = EXAMPLES[name_of(kind)], issubclass(kind, EventModel)
    assert judge(kind).is_valid({**example, "unheard_of": 1}) is is_event
    if not is_event:
        assert "unheard_of" in _refusal({**example, "unheard_of": 1})
    else:
        assert '"additionalProperties": false' not in json.dumps(committed(kind))


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=versioned_name)
def test_an_event_as_workers_write_it_is_as_its_schema_says(kind: Kind) -> None:
    event = EVENT.validate_python(EXAMPLES[name_of(kind)])
    judge(kind).validate(json.loads(event.model_dump_json()))


@given(st.text("aZ0*-_=+|@. ", max_size=60) | st.text().filter(lambda text: not text.endswith("\n")))
def test_the_schema_takes_the_stations_that_we_take(station: str) -> None:
    command = EXAMPLES["get_log"] | {"station": station}
    try:
        station_id(station)
    except ValueError:
        assert not judge(GetLog).is_valid(command)
    else:
        assert judge(GetLog).is_valid(command)


@pytest.mark.parametrize(
    "time", ["2026-01-31 12:00:00Z", "2026-01-31", "2026-01-31T12:00:00", 1769860800, "now"]
)
def test_the_schema_refuses_the_times_that_we_refuse(time: object) -> None:
    command = EXAMPLES["get_log"] | {"time": time}
    assert _refusal(command)
    assert not judge(GetLog).is_valid(command)


def _keys(exchange: str) -> set[str]:
    return {
        channel["address"]
        for channel in DOCUMENT["channels"].values()
        if channel["bindings"]["amqp"].get("exchange", {}).get("name") == exchange
    }


def test_the_document_has_the_keys_of_the_topology() -> None:
    assert _keys(COMMANDS.name) == {name_of(kind) for kind in COMMAND_TYPES}
    told = {event_key(name_of(kind), "CS").replace(".CS", ".{station}") for kind in EVENT_TYPES}
    own = {(exchange.name, key) for exchange, key in reply_queue("{reply_to}").bindings}
    assert _keys(EVENTS.name) == told | {key for exchange, key in own if exchange == EVENTS.name}
    assert all(key in _keys(exchange) for exchange, key in own)


def test_commands_are_sent_and_events_are_received() -> None:
    ways = {name: (each["action"], each["bindings"]["amqp"]) for name, each in DOCUMENT["operations"].items()}
    for name, (action, binding) in ways.items():
        assert name.startswith(f"{action}_")
        assert binding["deliveryMode"] == 2
        assert binding.get("mandatory", False) is (action == "send")


def _resolved(reference: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["channels"][reference["$ref"].removeprefix("#/channels/")]
    return found


def test_what_may_come_to_the_sender_is_what_belongs_to_a_command() -> None:
    mine = {name_of(kind) for kind in EVENT_TYPES if "command_id" in kind.model_fields}
    assert set(DOCUMENT["channels"]["events_to_sender"]["messages"]) == mine
    more = {"command_settled", "customer_information_part_received", "log_status_reported"}
    assert set(DOCUMENT["channels"]["replies_to_sender"]["messages"]) == more


@pytest.mark.parametrize("command", [name_of(kind) for kind in COMMAND_TYPES])
def test_the_reply_to_a_command_is_read_where_all_its_events_come_whichever_way(command: str) -> None:
    own = _resolved(DOCUMENT["operations"][f"send_{command}"]["reply"]["channel"])
    queue, binding = reply_queue("{reply_to}"), own["bindings"]["amqp"]
    assert (binding["is"], binding["queue"]["name"]) == ("queue", queue.name)
    assert own["x-arguments"] == queue.arguments
    ways = [_resolved(way) for way in own["x-bindings"]]
    bound = [(way["bindings"]["amqp"]["exchange"]["name"], way["address"]) for way in ways]
    assert bound == [(exchange.name, key) for exchange, key in queue.bindings]
    assert set(own["messages"]) == {name for way in ways for name in way["messages"]}
