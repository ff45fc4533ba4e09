"""Many items in as many requests as the station's limits need: each asked once, each answered for, none forgotten."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations import DUE, STATION, Life, answered

from ocppdiag_contracts.commands import ClearVariableMonitoring
from ocppdiag_contracts.events import ClearMonitoringResult, MonitorsCleared, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import limits, news
from ocppdiag_workers.limits import SAFE_ITEMS
from ocppdiag_workers.operation import State

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
IDS = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=40, unique=True)
FITTING = limits.fitting
LIMITS = st.none() | st.integers(1, 400)


def clear(*ids: int, version: str = "ocpp2.0.1") -> Life:
    return Life(ClearVariableMonitoring(id="c1", station=STATION, monitor_ids=list(ids)), version)


def limits_told(items: int | None, bytes_: int | None) -> dict[str, Any]:
    def one(name: str, value: int | None) -> dict[str, Any]:
        result: dict[str, Any] = {
            "attributeStatus": "UnknownVariable" if value is None else "Accepted",
            "component": {"name": "MonitoringCtrlr"},
            "variable": {"name": name, "instance": "ClearVariableMonitoring"},
        }
        return result if value is None else {**result, "attributeValue": str(value)}

    return {"getVariableResult": [one("ItemsPerMessage", items), one("BytesPerMessage", bytes_)]}


def results(ids: list[int], status: str = "Accepted") -> dict[str, Any]:
    return {"clearMonitoringResult": [{"id": number, "status": status} for number in ids]}


def play(life: Life, items: int | None = None, bytes_: int | None = None) -> list[list[int]]:
    """A station that keeps the rules and accepts all, in the reverse order; what it was asked."""
    asked: list[list[int]] = []
    while not life.operation.ended:
        turn = life.operation.turn
        action, content = life.ask()
        life.hear(news.Sent(1, turn))
        if action == "GetVariables":
            assert not asked
            life.hear(answered(limits_told(items, bytes_), turn))
        else:
            asked.append(content["id"])
            life.hear(answered(results(content["id"][::-1]), turn))
    return asked


def said(life: Life) -> list[tuple[int, str | None]]:
    assert isinstance(life.end.result, MonitorsCleared)
    return [(result.id, result.status) for result in life.end.result.results]


@pytest.mark.parametrize("bytes_", [None, 2000])
def test_what_a_request_has_is_worked_out_once_for_it_and_only_where_bytes_count(
    bytes_: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sized: list[int] = []

    def fitting(sizes: Sequence[int], told: limits.Limits) -> int:
        sized.append(len(sizes))
        return FITTING(sizes, told)

    monkeypatch.setattr(limits, "fitting", fitting)
    assert play(clear(*range(40)), 4, bytes_) == [list(range(first, first + 4)) for first in range(0, 40, 4)]
    assert sized == ([] if bytes_ is None else [4] * 10)


def test_the_request_under_way_is_what_it_was_whatever_is_asked_for_it_again() -> None:
    life = clear(*range(5)).hear(answered(limits_told(2, None)))
    assert [life.ask()[1] for _ in range(2)] == [{"id": [0, 1]}] * 2
    life.hear(news.Sent(1, 1), answered(results([0, 1]), 1))
    assert life.ask()[1] == {"id": [2, 3]}
    life.hear(answered(results([2, 3]), 2))
    assert life.ask()[1] == {"id": [4]}


@given(IDS, LIMITS, LIMITS, st.sampled_from(VERSIONS))
def test_every_item_is_asked_once_in_order_and_no_request_is_over_the_limits(
    ids: list[int], items: int | None, bytes_: int | None, version: str
) -> None:
    life = clear(*ids, version=version)
    asked = play(life, items, bytes_)
    assert [number for chunk in asked for number in chunk] == ids
    for chunk in asked:
        assert len(chunk) <= (items or SAFE_ITEMS)
        wire = json.dumps({"id": chunk}, separators=(",", ":")).encode()
        assert bytes_ is None or len(wire) <= bytes_ or len(chunk) == 1
    assert life.end.outcome is Outcome.COMPLETED
    assert said(life) == [(number, "Accepted") for number in ids]
    assert life.asked == len(asked) - (len(ids) == 1), "each answer but the last brings a CALL"
    assert [event.event for event in life.told] == ["command_sent", "command_settled"]


def test_one_item_needs_no_limits() -> None:
    assert clear(7).ask() == ("ClearVariableMonitoring", {"id": [7]})


@pytest.mark.parametrize("version", VERSIONS)
def test_the_limits_are_those_of_this_kind_of_request(version: str) -> None:
    action, content = clear(7, 8, version=version).ask()
    assert action == "GetVariables"
    assert [
        (data["component"]["name"], data["variable"]["name"], data["variable"]["instance"])
        for data in content["getVariableData"]
    ] == [
        ("MonitoringCtrlr", "ItemsPerMessage", "ClearVariableMonitoring"),
        ("MonitoringCtrlr", "BytesPerMessage", "ClearVariableMonitoring"),
    ]


@pytest.mark.parametrize(
    "item",
    [
        news.Errored(1, "NotImplemented", ""),
        news.Errored(1, "InternalError", ""),
        news.TimedOut(1),
        news.Answered(1, b"{"),
        news.Answered(1, b"{}"),
        answered({"getVariableResult": []}),
        answered(limits_told(None, None)),
        answered(limits_told(0, -1)),
    ],
    ids=lambda item: str(item)[:60],
)
def test_a_station_that_does_not_tell_its_limits_gets_small_requests(item: news.News) -> None:
    life = clear(*range(25)).hear(item)
    assert (life.operation.turn, life.operation.state, life.asked) == (1, State.QUEUED, 1)
    assert play(life) == [list(range(10)), list(range(10, 20)), list(range(20, 25))]


def test_a_station_that_is_gone_before_it_is_asked_for_its_limits_has_done_nothing() -> None:
    end = clear(1, 2).hear(news.Refused(1, "gone")).end
    assert (end.outcome, end.failure, end.result) == (Outcome.FAILED, Failure.NOT_CONNECTED, None)


def test_a_station_that_goes_while_it_is_asked_for_its_limits_is_asked_for_them_again() -> None:
    life = clear(1, 2).hear(news.Sent(1, 0, (1, 1)), news.Lost(2, 0, 1))
    assert (life.operation.state, life.ends) == (State.WAITING, [])
    life.hear(news.Back(3, "node", 2, "ocpp2.0.1"))
    assert (life.operation.turn, life.ask()[0]) == (0, "GetVariables")
    end = life.hear(news.Woke(DUE)).end
    assert (end.outcome, end.failure, end.result) == (Outcome.EXPIRED, Failure.NO_ANSWER, None)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (news.Lost(5, 2), "the connection went before the station had answered"),
        (news.Refused(5, "gone", 2), "the station is not connected"),
        (news.Refused(5, "expired", 2), "the deadline was over"),
        (news.Errored(5, "OccurrenceConstraintViolation", "!", 2), "OccurrenceConstraintViolation"),
        (news.Answered(5, b"{", 2), "not readable"),
        (news.Woke(DUE), "has not answered"),
    ],
    ids=lambda item: str(item)[:40],
)
def test_an_end_in_the_middle_brings_what_was_answered(item: news.News, why: str) -> None:
    life = clear(1, 2, 3).hear(answered(limits_told(2, None)), answered(results([1, 2]), 1))
    assert not life.ends
    life.hear(item)
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.PARTLY_DONE)
    assert said(life) == [(1, "Accepted"), (2, "Accepted")]
    assert (life.end.detail or "").startswith("2 of 3 were answered; then: ")
    assert why in (life.end.detail or "")
    assert life.end.reason == ("!" if isinstance(item, news.Errored) else None), "its own words come along"


def test_a_timeout_in_the_middle_leaves_the_late_answer_its_time() -> None:
    life = clear(1, 2).hear(answered(limits_told(1, None)), answered(results([1]), 1))
    life.hear(news.Sent(2, 2), news.TimedOut(32, 2), news.Woke(DUE - 1))
    assert not life.ends
    life.hear(answered(results([2]), 2, at=40))
    assert said(life) == [(1, "Accepted"), (2, "Accepted")]


def test_news_of_an_earlier_turn_asks_again_and_says_nothing() -> None:
    life = clear(1, 2).hear(answered(limits_told(1, None)))
    before = life.operation
    life.hear(answered(limits_told(1, None)), news.TimedOut(31), news.Sent(32), news.Lost(33))
    assert (life.operation, life.asked) == (before, 1 + 4)
    life.hear(news.Sent(34, 1), news.Sent(34), answered(limits_told(1, None)))
    assert life.asked == 1 + 4, "it has left"


@pytest.mark.parametrize(
    ("statuses", "outcome", "failure"),
    [
        (["Accepted", "Accepted"], Outcome.COMPLETED, None),
        (["Accepted", "NotFound"], Outcome.FAILED, Failure.PARTLY_DONE),
        (["Rejected", "NotFound"], Outcome.REJECTED, Failure.REJECTED),
    ],
)
def test_what_the_station_accepted_decides(
    statuses: list[str], outcome: Outcome, failure: Failure | None
) -> None:
    life = clear(1, 2).hear(news.TimedOut(1))
    given_back = [{"id": number, "status": status} for number, status in enumerate(statuses, 1)]
    life.hear(answered({"clearMonitoringResult": given_back}, 1))
    assert (life.end.outcome, life.end.failure) == (outcome, failure)
    assert [status for _, status in said(life)] == statuses


@given(st.permutations([1, 2, 3, 99]), st.integers(0, 4))
def test_results_are_found_wherever_they_stand_and_what_is_missing_is_named(
    order: list[int], count: int
) -> None:
    given_back = order[:count]
    life = clear(1, 2, 3).hear(news.TimedOut(1), answered(results(given_back), 1))
    assert said(life) == [(number, "Accepted" if number in given_back else None) for number in (1, 2, 3)]


def test_of_two_results_for_one_item_the_first_counts() -> None:
    both = [{"id": 7, "status": "Rejected"}, {"id": 7, "status": "Accepted"}]
    assert said(clear(7).hear(answered({"clearMonitoringResult": both}))) == [(7, "Rejected")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("content", [{"clearMonitoringResult": []}, {"clearMonitoringResult": None}, {}])
def test_an_empty_list_says_nothing_of_any(content: object, version: str) -> None:
    life = clear(1, 2, version=version).hear(news.TimedOut(1), answered(content, 1))
    assert said(life) == [(1, None), (2, None)]
    assert (life.end.outcome, life.end.failure) == (Outcome.REJECTED, Failure.REJECTED)


def test_what_was_cleared_or_is_not_there_is_gone() -> None:
    statuses = [(1, "Accepted"), (2, "NotFound"), (3, "Rejected")]
    given_back = [{"id": number, "status": status} for number, status in statuses]
    life = clear(1, 2, 3).hear(news.TimedOut(1), answered({"clearMonitoringResult": given_back}, 1))
    assert [dict(seen.severities) for seen in life.seen] == [{1: None, 2: None}]


def test_the_stations_reason_is_told() -> None:
    why = {"id": 7, "status": "Rejected", "statusInfo": {"reasonCode": "HardWired"}}
    life = clear(7).hear(answered({"clearMonitoringResult": [why]}))
    assert life.end.result == MonitorsCleared(
        results=[ClearMonitoringResult(id=7, status="Rejected", reason_code="HardWired")]
    )
