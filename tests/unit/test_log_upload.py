"""The life of one log, without a clock: any order, any repeats, one end."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import DUE, STATION, TABLE, as_told, begun

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandSettled, Event, LogFile, LogStored, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import Operation, State, Step

FILE = LogFile(location="file:///logs/CS-1/c1.log", size=3, sha256="0" * 64)


def operation(**wanted: Any) -> Operation:  # noqa: ANN401 (a command's fields)
    return begun(GetLog(id="c1", station=STATION, **wanted))


def play(items: list[News], **wanted: Any) -> tuple[Operation, list[Event]]:  # noqa: ANN401 (a command's fields)
    current, told = operation(**wanted), list[Event]()
    for item in items:
        step = TABLE.advance(current, item)
        current = step.operation
        told += map(as_told, step.events)
    return current, told


def ends(told: list[Event]) -> list[CommandSettled]:
    return [event for event in told if isinstance(event, CommandSettled)]


def status(seq: int, text: str, at: float = 2) -> news.LogStatus:
    return news.LogStatus(at, (1, seq), text)


def answered(text: str = "Accepted", at: float = 1) -> news.Answered:
    return news.Answered(at, json.dumps({"status": text, "filename": "a.log"}).encode())


GOOD: list[News] = [
    news.Sent(0.5),
    answered(),
    status(1, "Uploading"),
    news.LogStored(3, FILE),
    status(2, "Uploaded", 4),
]


def test_the_good_way_ends_completed_with_the_file() -> None:
    last, told = play(GOOD)
    assert last.state is State.COMPLETED
    (end,) = ends(told)
    assert end.result == FILE.model_copy(update={"filename": "a.log", "reported": "Uploaded"})


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_every_order_of_the_good_way_ends_completed_once(order: tuple[int, ...]) -> None:
    _, told = play([GOOD[index] for index in order])
    (end,) = ends(told)
    assert end.outcome is Outcome.COMPLETED


ANY_NEWS = st.one_of(
    st.just(news.Sent(1)),
    st.builds(news.Refused, st.just(1.0), st.sampled_from(["busy", "gone", "stale", "expired"])),
    st.builds(answered, st.sampled_from(["Accepted", "AcceptedCanceled", "Rejected", "Nonsense"])),
    st.builds(
        news.Errored, st.just(1.0), st.sampled_from(["NotImplemented", "InternalError", "?"]), st.just("")
    ),
    st.just(news.TimedOut(31)),
    st.just(news.Lost(5)),
    st.builds(
        status,
        st.integers(1, 9),
        st.sampled_from(["Uploading", "Uploaded", "UploadFailure", "BadMessage", "AcceptedCanceled"]),
    ),
    st.just(news.LogStored(6, FILE)),
    st.builds(news.LogBroken, st.just(6.0), st.just(10), st.sampled_from(["broken", "too_large"])),
    st.builds(news.LogArriving, st.just(5.0), st.integers(0, 100), st.none()),
    st.just(news.Superseded(7)),
    st.builds(news.Woke, st.floats(0, 2 * DUE)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_NEWS, max_size=15))
def test_whatever_happens_there_is_one_end_and_it_comes_by_the_deadline(items: list[News]) -> None:
    current, told = operation(), list[Event]()
    for item in [*items, news.Woke(DUE)]:
        before = current
        step: Step = TABLE.advance(current, item)
        current = step.operation
        told += map(as_told, step.events)
        if before.ended:
            assert step == Step(before), "an end absorbs"
        assert current.wake_at <= DUE
    assert current.ended
    assert len(ends(told)) == 1
    assert told[-1] == ends(told)[0]
    (end,) = ends(told)
    assert (end.failure is None) == (end.outcome is Outcome.COMPLETED)
    if any(isinstance(item, news.LogStored) for item in items) and end.outcome is Outcome.COMPLETED:
        assert end.result is not None


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_NEWS, max_size=10))
def test_the_same_news_twice_changes_nothing_more(items: list[News]) -> None:
    once, told_once = play(items)
    twice, told_twice = play([item for item in items for _ in range(2)])
    assert twice.state == once.state
    assert {event.id for event in told_twice} == {event.id for event in told_once}


def test_a_repeated_uploading_says_nothing_new() -> None:
    reports: list[News] = [status(seq, "Uploading") for seq in range(1, 60)]
    _, told = play([answered(), *reports])
    assert len(told) == 2


def test_uploaded_is_not_taken_back_by_an_older_report() -> None:
    last, _ = play([answered(), status(9, "Uploaded"), status(3, "Uploading"), news.LogStored(5, FILE)])
    assert last.state is State.COMPLETED


def test_a_failure_is_not_the_end_while_retries_remain() -> None:
    items: list[News] = [
        answered(),
        status(1, "Uploading"),
        status(2, "UploadFailure"),
        status(3, "Uploading"),
    ]
    last, told = play(items, retries=2)
    assert not ends(told)
    assert last.state is State.ACCEPTED
    last, told = play([*items, news.LogStored(9, FILE), status(4, "Uploaded", 9)], retries=2)
    assert last.state is State.COMPLETED


def test_the_last_failure_is_the_end() -> None:
    _, told = play([answered(), status(1, "PermissionDenied")], retries=0)
    (end,) = ends(told)
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.UPLOAD_FAILED)
    failures: list[News] = [status(seq, "UploadFailure") for seq in (1, 2, 3)]
    _, told = play([answered(), *failures], retries=2)
    assert len(ends(told)) == 1


def test_what_the_station_cannot_do_at_all_is_the_end_whatever_retries_are_left() -> None:
    _, told = play([answered(), status(1, "NotSupportedOperation")], retries=5)
    (end,) = ends(told)
    assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.UPLOAD_FAILED)
    assert "NotSupportedOperation" in (end.detail or "")


def test_a_station_that_reports_one_failure_for_all_its_retries_is_given_up_after_a_grace() -> None:
    last, told = play([answered(), status(1, "UploadFailure", 10)], retries=2, retry_interval=30)
    assert not ends(told)
    assert last.wake_at == 10 + 30 + 60
    _, told = play([answered(), status(1, "UploadFailure", 10), news.Woke(100)], retries=2, retry_interval=30)
    assert ends(told)[0].failure is Failure.UPLOAD_FAILED


@pytest.mark.parametrize(
    ("items", "outcome", "failure"),
    [
        ([], Outcome.EXPIRED, Failure.NO_ANSWER),
        ([news.Sent(1), news.TimedOut(31)], Outcome.EXPIRED, Failure.NO_ANSWER),
        ([answered()], Outcome.EXPIRED, Failure.NOTHING_FOLLOWED),
        ([answered(), status(1, "Uploading")], Outcome.EXPIRED, Failure.NOTHING_FOLLOWED),
        ([answered(), status(1, "Uploaded")], Outcome.FAILED, Failure.NO_FILE_RECEIVED),
        ([answered(), news.LogStored(3, FILE)], Outcome.COMPLETED, None),
        ([answered(), status(1, "UploadFailure", DUE - 1)], Outcome.FAILED, Failure.UPLOAD_FAILED),
    ],
)
def test_the_deadline_ends_it_and_names_what_is_missing(
    items: list[News], outcome: Outcome, failure: Failure | None
) -> None:
    _, told = play([*items, news.Woke(DUE)])
    (end,) = ends(told)
    assert (end.outcome, end.failure) == (outcome, failure)


@pytest.mark.parametrize(
    ("item", "outcome", "failure"),
    [
        (answered("Rejected"), Outcome.REJECTED, Failure.REJECTED),
        (news.Answered(1, b'{"status":42}'), Outcome.FAILED, Failure.STATION_ERROR),
        (news.Answered(1, b"{}"), Outcome.FAILED, Failure.STATION_ERROR),
        (news.Errored(1, "NotImplemented", ""), Outcome.REJECTED, Failure.NOT_SUPPORTED),
        (news.Errored(1, "InternalError", "x"), Outcome.FAILED, Failure.STATION_ERROR),
        (news.Lost(1), Outcome.FAILED, Failure.CONNECTION_LOST),
        (news.Refused(1, "busy"), Outcome.FAILED, Failure.BUSY),
        (news.Refused(1, "gone"), Outcome.FAILED, Failure.NOT_CONNECTED),
        (news.Refused(1, "stale"), Outcome.FAILED, Failure.NOT_CONNECTED),
        (news.Refused(1, "expired"), Outcome.EXPIRED, Failure.DEADLINE_PASSED),
        (news.Refused(1, "unknown_station"), Outcome.REJECTED, Failure.UNKNOWN_STATION),
        (news.LogBroken(1, 99, "too_large"), Outcome.FAILED, Failure.UPLOAD_TOO_LARGE),
        (status(1, "AcceptedCanceled"), Outcome.CANCELLED, Failure.SUPERSEDED),
    ],
)
def test_one_piece_of_news_may_be_the_end(item: News, outcome: Outcome, failure: Failure) -> None:
    _, told = play([item])
    (end,) = ends(told)
    assert (end.outcome, end.failure) == (outcome, failure)


def test_a_failure_beside_a_stored_file_waits_for_the_deadline_without_an_alarm() -> None:
    last, told = play([answered(), news.LogStored(3, FILE), status(1, "UploadFailure", 10), news.Woke(200)])
    assert not ends(told)
    assert last.wake_at == DUE
    assert TABLE.advance(last, news.Woke(DUE)).operation.state is State.COMPLETED


def test_a_lost_connection_after_the_answer_leaves_the_upload_its_time() -> None:
    last, told = play([answered(), news.Lost(3)])
    assert not ends(told)
    assert last.state is State.ACCEPTED


def test_the_refusal_of_a_repeated_order_means_nothing_once_the_first_left() -> None:
    last, _ = play([news.Sent(1), news.Refused(2, "gone")])
    assert last.state is State.SENT


@pytest.mark.abuse("26 after the end", "what comes after the end of a command changes nothing")
def test_a_second_file_changes_nothing() -> None:
    first = TABLE.advance(operation(), news.LogStored(1, FILE))
    assert isinstance(first.events[0], LogStored)
    again = FILE.model_copy(update={"sha256": "1" * 64})
    assert TABLE.advance(first.operation, news.LogStored(2, again)) == Step(first.operation)
