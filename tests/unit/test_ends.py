"""The books of the commands that a measurement has under way."""

from collections import Counter

from ends import Books, End, incomplete
from msgspec.json import encode


def final(command_id: str, **other: object) -> bytes:
    return encode({"id": f"{command_id}/end", "command_id": command_id, "outcome": "completed", **other})


def test_an_end_is_told_once_to_who_has_asked() -> None:
    books, ended = Books(), list[End]()
    books.asked("c-1", ended.append)
    books.asked("c-2", ended.append)
    books.heard(final("c-1"))
    assert [end.command_id for end in ended] == ["c-1"]
    assert books.under_way == 1
    assert not books.errors


def test_a_second_end_is_an_error_and_so_is_the_same_one_again() -> None:
    books, ended = Books(), list[End]()
    books.asked("c-1", ended.append)
    for event_id in ("e-1", "e-1", "e-2"):
        books.heard(final("c-1", id=event_id))
    assert len(ended) == 1
    assert books.errors == Counter({"its end was told twice": 1, "ended twice": 1})


def test_no_end_is_an_error() -> None:
    books = Books()
    books.asked("c-1", lambda _: None)
    books.give_up()
    assert books.errors == Counter({"no end came": 1})
    assert not books.under_way


def test_an_end_of_what_was_to_stay_open_or_of_nobodys_or_unreadable_is_an_error() -> None:
    books = Books()
    books.asked("c-1", None)
    books.heard(final("c-1", outcome="expired", failure="no_answer"))
    books.heard(final("c-2"))
    books.heard(b"{}")
    assert books.errors["was to stay open, ended: expired no_answer"] == 1
    assert books.errors["ended and was not waited for"] == 1
    assert books.errors.total() == 3


def test_only_completed_is_complete() -> None:
    assert incomplete(End("e", "c", "completed")) is None
    assert incomplete(End("e", "c", "failed", "busy", "full")) == "ended: failed busy full"
