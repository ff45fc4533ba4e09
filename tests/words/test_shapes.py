"""A message that changes its shape gets a new schema version: what counts as a shape, and who refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from ocppdiag_contracts import GetLog
from ocppdiag_contracts.asyncapi import SHAPES
from ocppdiag_contracts.cloud_events import Kind, versioned_name
from ocppdiag_contracts.events import CommandSettled, LogBytesReceived
from ocppdiag_contracts.schemas import ShapeChangedError, remembered, schema_of

CONTRACTS = Path(__file__).parents[2] / "contracts"
README = (CONTRACTS / "README.md").read_text(encoding="utf-8")
KNOWN: dict[str, str] = json.loads((CONTRACTS / SHAPES).read_text(encoding="utf-8"))


class MoreInIt(GetLog):
    more: int | None = None


class OtherLimit(LogBytesReceived):
    bytes: int


class OtherWords(GetLog):
    """The same in other words."""


class SecondVersion(MoreInIt):
    schema_version: Literal[2] = 2  # type: ignore[assignment]


@pytest.mark.parametrize("changed", [MoreInIt, OtherLimit])
def test_a_message_that_changes_its_shape_needs_a_new_version(changed: Kind) -> None:
    name = re.escape(versioned_name(changed))
    with pytest.raises(ShapeChangedError, match=rf"^{name} changed its shape: give it schema_version 2$"):
        remembered(KNOWN, [schema_of(changed)])


def test_other_words_are_no_other_shape_and_a_new_version_leaves_the_old_one_as_it_was() -> None:
    assert remembered(KNOWN, [schema_of(OtherWords)]) == KNOWN
    after = remembered(KNOWN, [schema_of(SecondVersion)])
    assert after.pop("get_log.v2") != KNOWN["get_log.v1"]
    assert after == KNOWN


def _settled(change: tuple[str, str]) -> dict[str, Any]:
    text = json.dumps(schema_of(CommandSettled))
    assert change[0] in text
    changed: dict[str, Any] = json.loads(text.replace(*change))
    return changed


def test_the_names_of_definitions_and_the_order_of_what_has_none_are_no_shape() -> None:
    assert remembered(KNOWN, [_settled(("LogFile", "StoredLog"))]) == KNOWN
    assert (
        remembered(KNOWN, [_settled(('"safe", "unknown", "never"', '"never", "safe", "unknown"'))]) == KNOWN
    )


def test_a_list_beside_any_other_text_may_grow_and_a_closed_one_may_not() -> None:
    assert remembered(KNOWN, [_settled(('"busy"', '"busy", "tired"'))]) == KNOWN
    with pytest.raises(ShapeChangedError):
        remembered(KNOWN, [_settled(('"expired"', '"expired", "tired"'))])


def test_a_new_kind_of_result_is_no_new_shape_and_a_changed_kind_is() -> None:
    new = {"type": "object", "properties": {"kind": {"const": "picture", "type": "string"}}}
    reference = '{"$ref": "#/$defs/LogFile"}'
    after = remembered(KNOWN, [_settled((f"[{reference}", f"[{json.dumps(new)}, {reference}"))])
    assert after.keys() - KNOWN.keys() == {"command_settled.v1#picture"}
    with pytest.raises(ShapeChangedError, match=r"^command_settled\.v1 changed"):
        remembered(KNOWN, [_settled(('"sha256": {"', '"sha512": {"'))])


def test_the_generator_refuses_a_changed_shape_unless_nothing_is_released(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)

    def generate(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ocppdiag_contracts.asyncapi", str(tmp_path), *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 (our own)

    assert generate().returncode == 0
    for path in ("asyncapi.json", SHAPES, "schemas/get_log.v1.json"):
        assert (tmp_path / path).read_text() == (CONTRACTS / path).read_text()
    old = {"get_log.v0": "0", "get_log.v1": "1"}
    (tmp_path / SHAPES).write_text(json.dumps(old))
    (tmp_path / "schemas/get_log.v0.json").write_text("{}")
    refused = generate()
    assert refused.returncode == 1
    assert refused.stderr == "get_log.v1 changed its shape: give it schema_version 2\n"
    assert json.loads((tmp_path / SHAPES).read_text()) == old
    (tmp_path / SHAPES).write_text(json.dumps({"get_log.v0": "0"}))
    assert generate().returncode == 0
    assert (tmp_path / "schemas/get_log.v0.json").exists()
    assert generate("--unreleased").returncode == 0
    assert not (tmp_path / "schemas/get_log.v0.json").exists()
    assert json.loads((tmp_path / SHAPES).read_text()) == KNOWN
