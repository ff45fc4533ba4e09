"""A report on its way: parts before the answer, again, out of order, too late, never; and one end."""

import pytest
from operations import DUE, STATION, Life, answered
from reports import monitored, monitors_part

from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.events import (
    CommandAccepted,
    Irregularity,
    MonitoringReport,
    MonitoringReportPartReceived,
    Outcome,
)
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news, parts, report
from ocppdiag_workers.operation import State
from ocppdiag_workers.parts import GRACE_SECONDS

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
ACCEPTED = answered({"status": "Accepted"})


def asked(version: str = "ocpp2.0.1") -> Life:
    return Life(GetMonitoringReport(id="c1", station=STATION), version)


def kinds(life: Life) -> list[str]:
    return [event.event for event in life.told]


def monitors(life: Life) -> list[int]:
    monitored = brought(life).monitor
    assert monitored is not None
    return [monitor.id for data in monitored for monitor in data.variable_monitoring]


def brought(life: Life) -> MonitoringReport:
    assert isinstance(life.end.result, MonitoringReport)
    return life.end.result


@pytest.mark.parametrize("version", VERSIONS)
def test_the_good_way_ends_completed_with_all_monitors_in_order(version: str) -> None:
    life = asked(version).hear(news.Sent(0.5), ACCEPTED)
    life.notified(monitors_part(0, 1, 2, version=version))
    life.notified(monitors_part(1, 3, tbc=False, version=version))
    part = "monitoring_report_part_received"
    assert kinds(life) == ["command_sent", "command_accepted", part, part, "command_settled"]
    assert (life.end.outcome, life.end.failure, life.end.detail) == (Outcome.COMPLETED, None, None)
    assert monitors(life) == [1, 2, 3]
    assert brought(life).parts == 2
    assert [dict(seen.severities) for seen in life.seen] == [{1: 4, 2: 4}, {3: 4}]


def test_parts_may_come_before_the_answer_and_in_any_order() -> None:
    life = asked().notified(monitors_part(1, 2)).notified(monitors_part(0, 1))
    assert life.operation.state is State.QUEUED
    life.hear(news.Sent(3), answered({"status": "Accepted"}, at=4))
    assert isinstance(life.told[-1], CommandAccepted)
    life.notified(monitors_part(2, 3, tbc=False))
    assert monitors(life) == [1, 2, 3]


def test_a_whole_report_before_the_answer_is_the_end_and_the_answer_says_nothing_more() -> None:
    life = asked().notified(monitors_part(0, 1, tbc=False))
    assert life.end.outcome is Outcome.COMPLETED
    life.hear(ACCEPTED, news.Sent(3), news.Lost(4), news.Woke(DUE))
    assert monitors(life) == [1]


def test_a_repeated_part_says_nothing() -> None:
    life = asked().notified(monitors_part(0, 1))
    before = life.operation
    life.notified(monitors_part(0, 1)).notified(monitors_part(0, 1, seq=9, at=9))
    assert life.operation == before
    assert kinds(life) == ["monitoring_report_part_received"]


def test_another_part_under_the_same_number_is_told_under_an_id_of_its_own() -> None:
    parts = (monitors_part(0, 1), monitors_part(0, 2, seq=2), monitors_part(0, 3, tbc=False, seq=3))
    life = asked()
    for part in parts:
        life.notified(part).notified(part)
    assert len(life.told) == 4
    assert len({event.id for event in life.told}) == 4
    assert life.told[0].id == f"{STATION}/c1/part/0"
    assert all(event.id.startswith(f"{STATION}/c1/part/0/") for event in life.told[1:3])
    assert monitors(life) == [1, 2, 3]
    assert brought(life).irregularities == [Irregularity.SAME_NUMBER]


def test_the_ids_of_events_say_nothing_of_the_order_or_the_connection_in_which_parts_came() -> None:
    one = asked().notified(monitors_part(0, 1)).notified(monitors_part(1, 2))
    other = asked().notified(monitors_part(1, 2, seq=70, at=70)).notified(monitors_part(0, 1, seq=71, at=71))
    assert {event.id for event in one.told} == {event.id for event in other.told}


def test_a_parts_event_says_whose_it_is_and_all_that_the_station_said() -> None:
    (event,) = asked().notified(monitors_part(3, 8)).told
    assert isinstance(event, MonitoringReportPartReceived)
    assert (event.command_id, event.request_id, event.seq_no, event.tbc) == ("c1", 5, 3, True)
    (data,) = event.model_dump(mode="json", by_alias=True, exclude_none=True)["monitor"]
    (expected,) = monitored(8)
    assert data["component"] == expected["component"]
    assert data["variable_monitoring"] == expected["variableMonitoring"]


def test_the_end_remembers_the_part_that_brought_it() -> None:
    life = asked().notified(monitors_part(0, 1, seq=3)).notified(monitors_part(1, 2, tbc=False, seq=4))
    assert life.operation.heard == (1, 4), "or its redelivery would look like a part that nobody asked for"


def test_a_report_of_one_part_without_monitors_is_empty_and_complete() -> None:
    life = asked().hear(ACCEPTED).notified(monitors_part(0, tbc=False))
    assert (brought(life).parts, monitors(life), brought(life).irregularities) == (1, [], [])


def test_a_part_of_several_that_says_nothing_is_an_irregularity() -> None:
    life = asked().notified(monitors_part(0, 1)).notified(monitors_part(1, tbc=False))
    assert life.end.outcome is Outcome.COMPLETED
    assert brought(life).irregularities == [Irregularity.EMPTY_PART]


@pytest.mark.parametrize(
    ("status", "version", "outcome", "failure"),
    [
        ("EmptyResultSet", "ocpp2.0.1", Outcome.COMPLETED, None),
        ("Rejected", "ocpp2.0.1", Outcome.REJECTED, Failure.REJECTED),
        ("Rejected", "ocpp2.0", Outcome.REJECTED, Failure.REJECTED),
        ("NotSupported", "ocpp2.0.1", Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ("NotSupported", "ocpp2.0", Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ("EmptyResultSet", "ocpp2.0", Outcome.FAILED, Failure.STATION_ERROR),
        ("Nonsense", "ocpp2.0.1", Outcome.FAILED, Failure.STATION_ERROR),
    ],
)
def test_an_answer_after_which_nothing_follows_is_the_end(
    status: str, version: str, outcome: Outcome, failure: Failure | None
) -> None:
    end = asked(version).hear(answered({"status": status})).end
    assert (end.outcome, end.failure) == (outcome, failure)
    if outcome is Outcome.COMPLETED:
        assert end.result == MonitoringReport(parts=0, monitor=[])
    elif failure is not Failure.STATION_ERROR:
        assert (end.detail, end.reason) == (f"the station answered {status}", None)


@pytest.mark.parametrize(
    "item",
    [
        news.Errored(3, "InternalError", "x"),
        news.Errored(3, "NotImplemented", ""),
        answered({"status": "Rejected"}, at=3),
        answered({"status": "NotSupported"}, at=3),
        answered({"status": 42}, at=3),
        news.Woke(DUE),
    ],
    ids=lambda item: str(item)[:40],
)
def test_what_has_come_is_brought_by_every_end(item: news.News) -> None:
    life = asked().hear(news.Sent(1)).notified(monitors_part(0, 1)).hear(item)
    assert life.end.outcome is not Outcome.COMPLETED
    assert monitors(life) == [1]


def test_a_hole_before_the_last_part_is_waited_for_and_then_named() -> None:
    life = (
        asked().hear(ACCEPTED).notified(monitors_part(0, 1)).notified(monitors_part(3, 4, tbc=False, at=10))
    )
    assert life.operation.wake_at == 10 + GRACE_SECONDS
    life.hear(news.Woke(10 + GRACE_SECONDS - 1))
    assert not life.ends
    life.hear(news.Woke(10 + GRACE_SECONDS))
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.PARTS_MISSING)
    assert life.end.detail == "of 4 parts these have not come: 1, 2"
    assert (brought(life).missing, monitors(life)) == ([1, 2], [1, 4])


def test_what_fills_the_hole_in_time_completes_it() -> None:
    life = asked().hear(ACCEPTED).notified(monitors_part(1, 2, tbc=False, at=10))
    life.notified(monitors_part(0, 1, at=10 + GRACE_SECONDS - 1))
    assert life.end.outcome is Outcome.COMPLETED
    assert (monitors(life), brought(life).missing) == ([1, 2], [])


def test_no_grace_goes_beyond_the_deadline() -> None:
    life = asked().hear(ACCEPTED).notified(monitors_part(1, 2, tbc=False, at=DUE - 5))
    assert life.operation.wake_at == DUE
    assert life.hear(news.Woke(DUE)).end.outcome is Outcome.COMPLETED, "it counts from 1"


def test_many_holes_are_counted_and_the_first_of_them_named() -> None:
    life = asked().notified(monitors_part(99, 1, tbc=False)).hear(news.Woke(DUE))
    assert (life.end.detail or "").endswith("17, 18, 19, ...")
    assert brought(life).missing == list(range(99))


def test_a_report_that_counts_from_one_waits_for_what_may_be_the_first_and_then_is_whole() -> None:
    life = asked().hear(ACCEPTED)
    life.notified(monitors_part(1, 1)).notified(monitors_part(2, 2, tbc=False, at=10))
    assert not life.ends
    life.hear(news.Woke(10 + GRACE_SECONDS))
    assert life.end.outcome is Outcome.COMPLETED
    assert (monitors(life), brought(life).missing) == ([1, 2], [])
    assert brought(life).irregularities == [Irregularity.FIRST_PART_MISSING]


@pytest.mark.parametrize(
    ("items", "failure", "detail"),
    [
        ([], Failure.NO_ANSWER, "has not answered"),
        ([news.Sent(1), news.TimedOut(31)], Failure.NO_ANSWER, "has not answered"),
        ([ACCEPTED], Failure.NOTHING_FOLLOWED, "no part of its report"),
    ],
)
def test_the_deadline_without_parts_says_what_is_owed(
    items: list[news.News], failure: Failure, detail: str
) -> None:
    life = asked().hear(*items, news.Woke(DUE - 1))
    assert not life.ends
    life.hear(news.Woke(DUE))
    assert (life.end.outcome, life.end.failure, life.end.result) == (Outcome.EXPIRED, failure, None)
    assert detail in (life.end.detail or "")


def test_the_deadline_without_the_last_part_brings_the_others() -> None:
    life = asked().hear(ACCEPTED).notified(monitors_part(0, 1)).notified(monitors_part(2, 3))
    life.hear(news.Woke(DUE))
    assert (life.end.outcome, life.end.failure) == (Outcome.EXPIRED, Failure.PARTS_MISSING)
    assert life.end.detail == "2 parts have come; the last has not"
    assert (monitors(life), brought(life).missing) == ([1, 3], [1])


def test_a_report_that_is_too_large_ends_with_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    life = asked().hear(ACCEPTED).notified(monitors_part(0, 1))
    monkeypatch.setattr(parts, "MOST_BYTES", report.parts_of(life.operation).bytes)
    life.notified(monitors_part(1, 2))
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.REPORT_TOO_LARGE)
    assert monitors(life) == [1, 2]


def test_a_timeout_and_a_connection_lost_after_the_answer_leave_the_report_its_time() -> None:
    life = asked().hear(ACCEPTED, news.TimedOut(31), news.Lost(40), news.Errored(41, "InternalError", ""))
    life.notified(monitors_part(0, 1, tbc=False, at=50))
    assert life.end.outcome is Outcome.COMPLETED
