"""JSON schemas put to use: what one allows, what breaks it, and the outline in which two can be compared."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from hypothesis import strategies as st

Schema = dict[str, Any]
Path = tuple[str | int, ...]

SAME = ("type", "maxLength", "minItems", "maxItems", "enum", "format")
GONE = object()
WRONG: dict[str, list[object]] = {
    "object": ["x", 1, [], None],
    "array": ["x", 1, {}, None],
    "string": [5, True, {}, None],
    "integer": ["x", 1.5, True, {}, None],
    "number": ["x", True, [], None],
    "boolean": ["x", 2, {}, None],
}

FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time")(
    lambda text: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text) is not None
)


def judge(schema: Schema) -> jsonschema.Draft6Validator:
    return jsonschema.Draft6Validator(schema, format_checker=FORMATS)


def plain(node: Schema, root: Schema) -> Schema:
    """Follow references, and look through our `or null`; a default on the way stays."""
    default = None
    while True:
        default = node.get("default") if default is None else default
        if "$ref" in node:
            *_, group, name = node["$ref"].split("/")
            node = root[group][name]
        elif "anyOf" in node:
            (node,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
        else:
            return node if default is None else {**node, "default": default}


def outline(node: Schema, root: Schema) -> Schema:
    """All of a schema that bears on what is valid, with references in place."""
    node = plain(node, root)
    lines = {key: node[key] for key in (*SAME, "default") if node.get(key) is not None}
    if "enum" in lines:
        lines["enum"] = sorted(lines["enum"])
    if node["type"] == "object":
        lines["closed"] = _closed(node)
        lines["required"] = sorted(node.get("required", []))
        lines["fields"] = {name: outline(field, root) for name, field in node.get("properties", {}).items()}
    if node["type"] == "array":
        lines["items"] = outline(node["items"], root)
    return lines


def _closed(node: Schema) -> bool:
    return node.get("additionalProperties", True) is False


def instances(node: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """Whatever a schema allows, as JSON values."""
    node = plain(node, root)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "object":
            fields = {name: instances(field, root) for name, field in node.get("properties", {}).items()}
            required = {name: fields.pop(name) for name in node.get("required", [])}
            return st.fixed_dictionaries(required, optional=fields)
        case "array":
            bounds = {"min_size": node.get("minItems", 0), "max_size": node.get("maxItems", 2)}
            return st.lists(instances(node["items"], root), **bounds)
        case "string" if node.get("format") == "date-time":
            return st.datetimes().map(lambda moment: moment.isoformat() + "Z")
        case "string":
            text = st.characters(exclude_categories=["Cs"])
            longest = st.just("é" * node.get("maxLength", 20))
            return st.text(text, max_size=min(node.get("maxLength", 20), 20)) | longest
        case "integer":
            least, most = node.get("minimum", -(2**31)), node.get("maximum", 2**31 - 1)
            return st.integers(least, most)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case kind:
            raise AssertionError(kind)


def sites(
    value: object, node: Schema, root: Schema, path: Path = ()
) -> Iterator[tuple[Path, object, Schema]]:
    """Each place in a value, with the part of the schema that it obeys."""
    node = plain(node, root)
    yield path, value, node
    if isinstance(value, dict):
        for name, field in node.get("properties", {}).items():
            if name in value:
                yield from sites(value[name], field, root, (*path, name))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from sites(item, node["items"], root, (*path, index))


def replaced(content: Any, path: Path, value: object) -> Any:  # noqa: ANN401 (JSON)
    """A copy in which one place has another value, or is gone."""
    if not path:
        return value
    copy = deepcopy(content)
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copy


def _broken(value: Any, node: Schema) -> Iterator[tuple[Path, object]]:  # noqa: ANN401 (JSON)
    """Every way to break the schema in one place: where below it, and what is put there."""
    for wrong in WRONG[node["type"]]:
        yield (), wrong
    for name in node.get("required", []):
        yield (name,), GONE
    if node["type"] == "object" and _closed(node):
        yield ("unheardOf",), 1
    if "enum" in node:
        yield (), "Nonsense"
    if node.get("format") == "date-time":
        yield from (((), "yesterday"), ((), ""))
    if "maxLength" in node:
        yield (), "x" * (node["maxLength"] + 1)
    if "minItems" in node:
        yield (), []
    if "maxItems" in node:
        yield (), [*value, value[0], value[0], value[0]]


def mutants(content: Any, node: Schema, root: Schema) -> st.SearchStrategy[Any]:  # noqa: ANN401 (JSON)
    """Something valid, with one thing wrong somewhere in it; the payload itself stays an object."""
    changes = [
        (path + below, wrong)
        for path, value, part in sites(content, node, root)
        for below, wrong in _broken(value, part)
        if path + below
    ]
    return st.integers(0, len(changes) - 1).map(lambda index: replaced(content, *changes[index]))


def as_we_write_it(value: Any, node: Schema, root: Schema) -> object:  # noqa: ANN401 (JSON)
    """Times in whole seconds, and all else as it is."""
    node = plain(node, root)
    fields = node.get("properties", {})
    if node.get("format") == "date-time":
        return value.partition(".")[0].removesuffix("Z") + "Z"
    if isinstance(value, dict):
        return {name: as_we_write_it(item, fields[name], root) for name, item in value.items()}
    if isinstance(value, list):
        return [as_we_write_it(item, node["items"], root) for item in value]
    return value


def as_a_csms_may_send_it(content: Schema) -> Schema:
    """Bring what the schemas allow within the rules that only the text has, where a CSMS has to keep them."""
    for name in {"retries", "retryInterval"} & content.keys():
        content[name] &= 2**31 - 1
    if "severity" in content:
        content["severity"] %= 10
    for item in content.get("setMonitoringData", ()):
        value = round(item["value"], 6)
        item |= {"severity": item["severity"] % 10, "value": abs(value) if item["type"] == "Delta" else value}
    if "versionNumber" in content:
        content["versionNumber"] = abs(content["versionNumber"]) % (2**31 - 1) + 1
    for item in content.get("localAuthorizationList", ()):
        info = item.get("idTokenInfo", {})
        for name in {"chargingPriority"} & info.keys():
            info[name] %= 10
    if "report" in content:
        content["clear"] = content["clear"] or not content["report"]
        named = [name for name in ("customerCertificate", "idToken", "customerIdentifier") if name in content]
        for name in named[1:]:
            del content[name]
        if not named:
            content["customerIdentifier"] = ""
    return content
