"""Who is told what is wrong with a command is not told what was in it."""

import json
import traceback
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from ocppdiag_contracts import InvalidCommandError, read_command

CANARY = "canary7f3a"

IDENTIFIERS: dict[str, Any] = {
    "id_token": {"id_token": CANARY, "type": "ISO14443"},
    "customer_certificate": {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": CANARY,
        "issuer_key_hash": CANARY,
        "serial_number": CANARY,
    },
    "customer_identifier": CANARY,
}


def _paths(value: object, *path: str) -> list[tuple[str, ...]]:
    """The way to every member of a JSON object, at any depth."""
    if not isinstance(value, dict):
        return []
    return [step for name in value for step in ((*path, name), *_paths(value[name], *path, name))]


wrong = st.recursive(
    st.sampled_from(
        [CANARY, f"{CANARY}/..", CANARY * 60, f"\x00{CANARY}", f"{CANARY}\n", None, True, -1, 2**40, 0.5]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=3,
)


@st.composite
def broken_commands(draw: st.DrawFn) -> dict[str, Any]:
    """A customer_information command with wrong members in it."""
    command: dict[str, Any] = {
        "command": "customer_information",
        "id": "one",
        "station": "CS-17",
        "time": "2026-01-31T12:00:00Z",
        "deadline": None,
        "report": True,
        "clear": True,
        "local_list_version": 1,
        **{name: IDENTIFIERS[name] for name in draw(st.sets(st.sampled_from(sorted(IDENTIFIERS))))},
    }
    if draw(
        st.booleans()
    ):  # what has to do with each other is judged only where each member for itself is right
        command["more"] = CANARY
    text = json.dumps(command)
    for path in draw(st.lists(st.sampled_from(_paths(command)), max_size=4)):
        holder = changed = json.loads(text)
        for step in path[:-1]:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[path[-1]] = draw(wrong)
        text = json.dumps(changed)
    broken: dict[str, Any] = json.loads(text)
    return broken


def _refusal(command: dict[str, Any]) -> str:
    """What is told, with all that a log would have of it; an example that is a command after all does not count."""
    try:
        read_command(json.dumps(command).encode())
    except InvalidCommandError as error:
        return "".join(traceback.format_exception(error))
    return reject()


@settings(max_examples=400)
@given(broken_commands())
def test_who_is_told_what_is_wrong_with_a_command_is_not_told_what_was_in_it(command: dict[str, Any]) -> None:
    assert CANARY not in _refusal(command)


@given(st.integers(1, 400))
def test_a_command_that_is_cut_off_is_not_repeated(length: int) -> None:
    whole = json.dumps({"command": "customer_information", **IDENTIFIERS, "report": True})
    with pytest.raises(InvalidCommandError) as error:
        read_command(whole[:length].encode())
    assert CANARY not in str(error.value)
