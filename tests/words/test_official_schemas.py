"""Our messages against the official JSON schemas, both ways: the same fields and limits, and neither says more."""

import json
import re
from functools import cache
from importlib import resources
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.receive import receive

FOLDERS = {OcppVersion.V201: "ocpp.v201.schemas"}
HALVES = ("Request", "Response")
SAME = ("type", "maxLength", "minItems", "maxItems", "enum", "format")

CASES = [
    pytest.param(feature.action, version, half, id=f"{feature.action}{half} of {version.value}")
    for feature in PROFILE
    for version in feature.versions
    for half in HALVES
]
a_few = settings(max_examples=30)
each_message = pytest.mark.parametrize(("action", "version", "half"), CASES)

NEVER_NEGATIVE = {"retries", "retryInterval"}
"""Where we are stricter than the schemas, which have no minimum anywhere."""

Schema = dict[str, Any]


@cache
def _official(action: str, version: OcppVersion, half: str) -> Schema:
    file = resources.files(FOLDERS[version]) / f"{action}{half}.json"
    schema: Schema = json.loads(file.read_text(encoding="utf-8-sig"))
    return schema


def _model(action: str, version: OcppVersion, half: str) -> type[OcppModel]:
    shapes = PROFILE.shapes(action, version)
    return shapes.request if half == "Request" else shapes.response


def _plain(node: Schema, root: Schema) -> Schema:
    """Follow references, and look through our `or null`."""
    while True:
        if "$ref" in node:
            *_, group, name = node["$ref"].split("/")
            node = root[group][name]
        elif "anyOf" in node:
            (node,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
        else:
            return node


def _outline(node: Schema, root: Schema) -> Schema:
    """All of a schema that bears on what is valid, with references in place."""
    node = _plain(node, root)
    outline = {key: node[key] for key in SAME if key in node}
    if "enum" in outline:
        outline["enum"] = sorted(outline["enum"])
    if node["type"] == "object":
        outline["closed"] = node.get("additionalProperties", True) is False
        outline["required"] = sorted(node.get("required", []))
        outline["fields"] = {
            name: _outline(field, root) for name, field in node.get("properties", {}).items()
        }
    if node["type"] == "array":
        outline["items"] = _outline(node["items"], root)
    return outline


@each_message
def test_the_fields_and_limits_are_those_of_the_official_schema(
    action: str, version: OcppVersion, half: str
) -> None:
    official = _official(action, version, half)
    ours = _model(action, version, half).model_json_schema(by_alias=True)
    assert _outline(ours, ours) == _outline(official, official)


def _instances(node: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """Whatever a schema allows, as JSON values."""
    node = _plain(node, root)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "object":
            fields = {name: _instances(field, root) for name, field in node.get("properties", {}).items()}
            required = {name: fields.pop(name) for name in node.get("required", [])}
            return st.fixed_dictionaries(required, optional=fields)
        case "array":
            bounds = {"min_size": node.get("minItems", 0), "max_size": node.get("maxItems", 3)}
            return st.lists(_instances(node["items"], root), **bounds)
        case "string" if node.get("format") == "date-time":
            return st.datetimes().map(lambda moment: moment.isoformat() + "Z")
        case "string":
            text = st.characters(exclude_categories=["Cs"])
            return st.text(text, max_size=min(node.get("maxLength", 20), 20)) | st.just(
                "é" * node.get("maxLength", 20)
            )
        case "integer":
            return st.integers(max(-(2**31), node.get("minimum", -(2**31))), 2**31 - 1)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case kind:
            raise AssertionError(kind)


FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time")(
    lambda text: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text) is not None
)


@cache
def _judge(action: str, version: OcppVersion, half: str) -> jsonschema.Draft6Validator:
    return jsonschema.Draft6Validator(_official(action, version, half), format_checker=FORMATS)


@each_message
@a_few
@given(data=st.data())
def test_whatever_our_model_allows_is_valid_on_the_wire(
    action: str, version: OcppVersion, half: str, data: st.DataObject
) -> None:
    model = _model(action, version, half)
    schema = model.model_json_schema(by_alias=True)
    message = model.model_validate(data.draw(_instances(schema, schema)))
    written = message.to_wire()
    _judge(action, version, half).validate(json.loads(written))
    assert receive(model, written).violations == ()


def _as_we_write_it(value: Any, node: Schema, root: Schema) -> object:  # noqa: ANN401 (JSON)
    """Times in whole seconds, and all else as it is."""
    node = _plain(node, root)
    fields = node.get("properties", {})
    if node.get("format") == "date-time":
        return value.partition(".")[0].removesuffix("Z") + "Z"
    if isinstance(value, dict):
        return {name: _as_we_write_it(item, fields[name], root) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_we_write_it(item, node["items"], root) for item in value]
    return value


@each_message
@a_few
@given(data=st.data())
def test_whatever_the_official_schema_allows_is_read_without_a_violation_and_nothing_of_it_is_lost(
    action: str, version: OcppVersion, half: str, data: st.DataObject
) -> None:
    official = _official(action, version, half)
    content = data.draw(_instances(official, official))
    _judge(action, version, half).validate(content)
    for name in NEVER_NEGATIVE & content.keys():
        content[name] &= 2**31 - 1
    received = receive(_model(action, version, half), json.dumps(content).encode())
    assert received.violations == ()
    assert json.loads(received.message.to_wire()) == _as_we_write_it(content, official, official)
