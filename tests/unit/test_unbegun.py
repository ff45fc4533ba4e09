"""Commands that end before they begin: their event says whose they claim to be, and comes to nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.events import LONGEST_CLAIMED_STATION, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now
from ocppdiag_workers.unbegun import Claim, claim, given_up, refused

CLAIMED = {"station": "CS-1", "id": "c1", "command": "get_log"}


def claimed(**members: Any) -> Claim | None:  # noqa: ANN401 (of several types)
    return claim(json.dumps({**CLAIMED, **members}).encode())


def test_a_command_says_whose_it_is_and_its_name_if_it_is_one_of_ours() -> None:
    assert claimed(more=1) == Claim("CS-1", "c1", "get_log")
    others: tuple[object, ...] = ("get_lost", 7, None, ["get_log"], {})
    for other in others:
        assert claimed(command=other) == Claim("CS-1", "c1", None)
    assert claim(b'{"station":"CS-1","id":"c1"}') == Claim("CS-1", "c1", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"station": 7},
        {"station": "x" * (LONGEST_CLAIMED_STATION + 1)},
        {"station": "ü" * (LONGEST_CLAIMED_STATION // 2 + 1)},
        {"id": None},
        {"id": ""},
        {"id": "a.b"},
        {"id": "a" * 65},
    ],
)
def test_one_that_does_not_say_so_is_nobodys(wrong: dict[str, Any]) -> None:
    assert claimed(**wrong) is None


@given(st.binary())
def test_anything_is_read(body: bytes) -> None:
    assert claim(body) is None


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"id":' * 100_000, b'{"id":"a","station":"\xff"}', b'["id"]']
)
def test_what_no_parser_takes_is_nobodys(body: bytes) -> None:
    assert claim(body) is None


def test_the_same_command_ends_with_the_same_event_and_another_wrong_one_with_another() -> None:
    whose = Claim("CS-1", "c1", "get_log")
    wrong = refused(whose, b"one", "id: no", now())
    assert (wrong.outcome, wrong.failure, wrong.detail) == (
        Outcome.REJECTED,
        Failure.INVALID_COMMAND,
        "id: no",
    )
    assert wrong.id == refused(whose, b"one", "id: no", now()).id
    lost = given_up(whose, now())
    assert (lost.outcome, lost.failure, lost.command) == (Outcome.FAILED, Failure.INTERNAL_ERROR, "get_log")
    assert lost.id == given_up(whose, now()).id
    others = {refused(whose, b"two", "id: no", now()).id, given_up(Claim("CS-1", "c2", None), now()).id}
    assert len({wrong.id, lost.id, *others}) == 4
