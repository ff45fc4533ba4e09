"""contracts/asyncapi.json, read by the parser that AsyncAPI's own tools are built on."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs import HERE, Node

from ocppdiag_contracts.cloud_events import name_of
from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.schemas import EVENT_TYPES, MESSAGES

CONTRACTS = Path(__file__).parents[2] / "contracts"
ERROR = 0
"""The parser's severities: 0 error, 1 warning, 2 information, 3 hint."""

INFORMATION = 2


def parse(node: Node, file: Path) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    command = [node.executable, str(HERE / "parse.mjs"), str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)  # noqa: S603 (our own)
    *said, read = map(json.loads, done.stdout.splitlines())
    return said, read


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(CONTRACTS / "schemas", tmp_path / "schemas")
    return Path(shutil.copy(CONTRACTS / "asyncapi.json", tmp_path))


def test_the_parser_reads_all_of_it_and_has_nothing_to_warn_of(node: Node) -> None:
    said, read = parse(node, CONTRACTS / "asyncapi.json")
    assert [line for line in said if line["severity"] < INFORMATION] == []
    assert set(read["messages"]) == {name_of(kind) for kind in MESSAGES}
    sent = {f"send_{name_of(kind)}" for kind in COMMAND_TYPES}
    received = {f"receive_{name_of(kind)}" for kind in EVENT_TYPES}
    assert sent | received < set(read["operations"])


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("asyncapi.json", '"action": "send"', '"action": "shout"'),
        ("asyncapi.json", '"is": "routingKey"', '"is": "pigeon"'),
        ("asyncapi.json", "#/channels/get_log", "#/channels/got_log"),
        ("asyncapi.json", "schemas/get_log.v1.json", "schemas/get_log.v0.json"),
        ("schemas/get_log.v1.json", '"maximum": 20', '"maximum": "many"'),
    ],
)
def test_the_parser_finds_what_is_broken_in_a_copy(
    node: Node, copy: Path, file: str, right: str, wrong: str
) -> None:
    broken = copy.parent / file
    text = broken.read_text()
    assert right in text
    broken.write_text(text.replace(right, wrong))
    said, _ = parse(node, copy)
    assert [line for line in said if line["severity"] == ERROR]
