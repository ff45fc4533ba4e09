"""Every command and event as JSON Schema 2020-12, and what may not change in one without a new schema version."""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from ocppdiag_contracts.cloud_events import Kind, schema_uri, versioned_name
from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.events import Event, EventModel

Schema = dict[str, Any]

EVENT_TYPES: tuple[type[EventModel], ...] = get_args(Event)
MESSAGES: tuple[Kind, ...] = (*COMMAND_TYPES, *EVENT_TYPES)

_ON_THE_WIRE = ("command", "id")
"""A command's members that have a default in Python, and that a service has to send."""

_WORDS = ("$schema", "$id", "$defs", "title", "description", "examples")
"""What a schema says for people; a shape is all the rest."""

_OPEN = {"type": "object", "additionalProperties": True}


class ShapeChangedError(ValueError):
    """A message has another shape than the one that was published under its name and version."""


class _Plain(GenerateJsonSchema):
    """Without a title for each member, which would be its name once more."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 (pydantic's signature)
        return False


def schema_of(kind: Kind) -> Schema:
    """Write the schema of a kind of message.

    A command is described as we take it: closed, with what a service has to send as required. An event as we
    publish it: open at every depth, and what is the same in all of its kind as required.
    """
    is_event = issubclass(kind, EventModel)
    mode: JsonSchemaMode = "serialization" if is_event else "validation"
    made = kind.model_json_schema(mode=mode, schema_generator=_Plain)
    if is_event:  # We read any, and write this one.
        version = kind.model_fields["schema_version"].default
        made["properties"]["schema_version"] = {"const": version, "type": "integer"}
    for part in list(_parts(made)):
        part.pop("discriminator", None)  # OpenAPI's; `const` says the same
        if part.get("default", ...) is None:
            del part["default"]  # null and absent are the same
        if is_event and "properties" in part:
            part.pop("additionalProperties", None)
            _require(part, [name for name, member in part["properties"].items() if "const" in member])
    if not is_event:
        _require(made, _ON_THE_WIRE)
    name = versioned_name(kind)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_uri(kind), "title": name}
    return head | {key: value for key, value in made.items() if key != "title"}


def _require(part: Schema, names: Iterable[str]) -> None:
    required = dict.fromkeys((*names, *part.get("required", ())))
    part["required"] = [name for name in part["properties"] if name in required]
    for name in required:
        part["properties"][name].pop("default", None)


def _parts(node: object) -> Iterator[Schema]:
    """Every schema in a schema; never a map of names, in which `title` would be somebody's member."""
    if isinstance(node, list):
        for item in node:
            yield from _parts(item)
    elif isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key in ("properties", "$defs"):
                yield from (part for item in value.values() for part in _parts(item))
            elif key not in ("default", "enum", "const", "required"):
                yield from _parts(value)


def shapes_of(schema: Schema) -> dict[str, str]:
    """Take the fingerprint of a message's shape: names, types, what is required, limits, values, defaults; no words.

    Any change of it counts, also a member more: who generated classes from the schema has to see that there is
    something to see. Two things may grow, as their schemas say that others may come: a list of values beside any
    string, and the kinds of object beside any object. Each such kind has a fingerprint of its own, by its name.
    """
    kinds: dict[str, Schema] = {}
    whole = _shape({key: value for key, value in schema.items() if key not in _WORDS}, schema, kinds)
    found = {schema["title"]: whole} | {f"{schema['title']}#{name}": kind for name, kind in kinds.items()}
    return {name: sha256(_text(shape).encode()).hexdigest() for name, shape in found.items()}


def _shape(node: Any, root: Schema, kinds: dict[str, Schema]) -> Any:  # noqa: ANN401 (JSON)
    """Put references in place, so that names of definitions are free, and bring what has no order into one."""
    if isinstance(node, list):
        return [_shape(item, root, kinds) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = root["$defs"][node["$ref"].rpartition("/")[2]]
        node = target | {key: value for key, value in node.items() if key != "$ref"}
    made: Schema = {}
    for key, value in node.items():
        if key == "properties":
            made[key] = {name: _shape(member, root, kinds) for name, member in value.items()}
        elif key not in _WORDS:
            made[key] = _shape(value, root, kinds)
    for key in {"anyOf", "oneOf", "required", "enum"} & made.keys():
        made[key] = sorted(made[key], key=_text)
    if "anyOf" in made:
        made["anyOf"] = [choice for choice in made["anyOf"] if not _may_grow(choice, made["anyOf"], kinds)]
    return made


def _may_grow(choice: Schema, beside: list[Schema], kinds: dict[str, Schema]) -> bool:
    if _OPEN in beside and choice != _OPEN and "oneOf" in choice:
        kinds |= {_kind(one): one for one in choice["oneOf"]}
        return True
    return {"type": "string"} in beside and "enum" in choice and choice.get("type") == "string"


def _kind(one: Schema) -> str:
    return next(str(member["const"]) for member in one["properties"].values() if "const" in member)


def remembered(known: Mapping[str, str], schemas: list[Schema]) -> dict[str, str]:
    """Add the shapes of these messages to those that are known.

    Raises:
        ShapeChangedError: one is known with another fingerprint.

    """
    shapes = {name: mark for schema in schemas for name, mark in shapes_of(schema).items()}
    changed = sorted(
        {name.partition("#")[0] for name, mark in shapes.items() if known.get(name, mark) != mark}
    )
    if changed:
        told = (f"{name} changed its shape: give it schema_version {_next(name)}" for name in changed)
        raise ShapeChangedError("; ".join(told))
    return dict(sorted({**known, **shapes}.items()))


def _next(name: str) -> int:
    return int(name.rpartition(".v")[2]) + 1


def _text(shape: object) -> str:
    return json.dumps(shape, sort_keys=True)
