"""TriggerLogStatus: the station is asked how its log is going, and what it then says is the end."""

from itertools import permutations

import pytest
from operations import DUE, STATION, Life, answered, called, decided

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import CommandAccepted, LogStatusReported, Outcome, TriggeredLogStatus
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news
from ocppdiag_workers.feature import Inform

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
ACCEPTED = answered({"status": "Accepted"})
SENT = news.Sent(0.5, 0, (1, 5))


def asked(version: str = "ocpp2.0.1") -> Life:
    return Life(TriggerLogStatus(id="c1", station=STATION), version)


def goes_to(inform: Inform) -> object:
    return inform.family or inform.request


def status(text: str, request_id: int | None = None, seq: int = 6, **frame: object) -> link.Called:
    """What the station says, by default after the trigger has left."""
    content = {"status": text} if request_id is None else {"status": text, "requestId": request_id}
    return called("LogStatusNotification", content, seq=seq, **frame)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_triggers_a_log_status_and_names_no_evse(version: str) -> None:
    assert asked(version).ask() == ("TriggerMessage", {"requestedMessage": "LogStatusNotification"})


@pytest.mark.parametrize(
    ("text", "request_id"), [("Idle", None), ("Idle", 7), ("Uploading", 7), ("Uploaded", 0)]
)
def test_what_the_station_says_after_it_accepted_is_the_end(text: str, request_id: int | None) -> None:
    life = asked().hear(SENT, ACCEPTED).notified(status(text, request_id))
    assert [event.event for event in life.told] == ["command_sent", "command_accepted", "command_settled"]
    assert life.end.outcome is Outcome.COMPLETED
    assert life.end.result == TriggeredLogStatus(status=text, request_id=request_id)
    assert life.operation.heard == (1, 6), "or its redelivery would look like news of nobody"


OLD, NEW = status("Uploading", 7, seq=4), status("Idle", seq=6)


@pytest.mark.parametrize("order", list(permutations([SENT, ACCEPTED, OLD, NEW])))
def test_what_was_said_after_the_trigger_had_left_is_the_end_in_whatever_order_we_hear_of_it(
    order: tuple[news.News | link.Called, ...],
) -> None:
    life = asked()
    for item in order:
        life = life.notified(item) if isinstance(item, link.Called) else life.hear(item)
    assert life.end.result == TriggeredLogStatus(status="Idle", request_id=None)


@pytest.mark.parametrize("order", list(permutations([SENT, ACCEPTED, OLD, status("Idle", seq=5)])))
def test_what_was_said_before_the_trigger_had_left_does_not_count(
    order: tuple[news.News | link.Called, ...],
) -> None:
    life = asked()
    for item in order:
        life = life.notified(item) if isinstance(item, link.Called) else life.hear(item)
    assert not life.ends
    life.hear(news.Woke(DUE))
    assert life.end.failure is Failure.NOTHING_FOLLOWED


def test_of_several_words_the_newest_that_is_there_with_the_answer_counts() -> None:
    life = asked().hear(SENT).notified(status("Uploaded", 7, seq=8)).notified(status("Uploading", 7, seq=6))
    assert not life.ends
    life.hear(ACCEPTED)
    assert isinstance(life.told[1], CommandAccepted)
    assert life.end.result == TriggeredLogStatus(status="Uploaded", request_id=7)


def test_what_came_before_a_refusal_was_not_for_us() -> None:
    life = asked().hear(SENT).notified(status("Uploading", 7)).hear(answered({"status": "Rejected"}))
    assert (life.end.outcome, life.end.result) == (Outcome.REJECTED, None)


@pytest.mark.parametrize(
    ("items", "outcome", "failure"),
    [
        ([answered({"status": "NotImplemented"})], Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ([answered({"status": "Rejected"})], Outcome.REJECTED, Failure.REJECTED),
        ([answered({"status": "Nonsense"})], Outcome.FAILED, Failure.STATION_ERROR),
        ([news.Errored(1, "NotSupported", "")], Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ([news.Sent(1), news.TimedOut(31), news.Woke(DUE)], Outcome.EXPIRED, Failure.NO_ANSWER),
        ([ACCEPTED, news.TimedOut(31), news.Woke(DUE)], Outcome.EXPIRED, Failure.NOTHING_FOLLOWED),
    ],
)
def test_every_other_way_ends_too(items: list[news.News], outcome: Outcome, failure: Failure) -> None:
    end = asked().hear(*items).end
    assert (end.outcome, end.failure) == (outcome, failure)


def test_what_was_said_on_the_new_connection_before_the_trigger_left_again_is_no_answer() -> None:
    life = asked().hear(SENT, news.Lost(3), news.Back(4, "node", 2, "ocpp2.0.1"))
    life.hear(news.LogStatus(5, (2, 2), "Uploading", 7), news.Answered(6, b'{"status":"Accepted"}', 0, 2))
    assert not life.ends, "when it left is not known yet"
    life.hear(news.Sent(6, 0, (2, 3)))
    assert not life.ends
    life.hear(news.LogStatus(7, (2, 5), "Idle"))
    assert life.end.result == TriggeredLogStatus(status="Idle", request_id=None)


def test_it_does_not_end_before_its_time() -> None:
    life = asked().hear(ACCEPTED, news.Woke(DUE - 1), news.Lost(3), news.Errored(4, "InternalError", ""))
    assert not life.ends


@pytest.mark.parametrize("version", VERSIONS)
def test_a_report_of_an_upload_goes_to_the_upload_and_to_the_trigger(version: str) -> None:
    decision = decided(status("Uploading", 7, version=version))
    assert [goes_to(inform) for inform in decision.informs] == [("log", 7), "trigger"]
    assert decision.events == ()
    uploading, triggered = decision.informs
    assert [event.event for event in uploading.unclaimed()] == ["log_status_reported"]
    assert triggered.unclaimed() == (), "it is told once"


@pytest.mark.parametrize("request_id", [None, 0, 99])
def test_a_report_without_an_id_of_ours_is_taken_for_the_only_upload(request_id: int | None) -> None:
    uploading, _ = decided(status("Uploading", request_id)).informs
    assert uploading.assumed == "log"
    assert [event.event for event in uploading.unclaimed()] == ["log_status_reported"]


def test_what_was_cancelled_needs_its_id() -> None:
    uploading, _ = decided(status("AcceptedCanceled")).informs
    assert (uploading.assumed, uploading.request) == (None, None)


@pytest.mark.parametrize(("text", "request_id"), [("Idle", 7), ("Idle", None)])
def test_what_is_no_news_of_an_upload_is_told_as_such_and_goes_to_the_trigger(
    text: str, request_id: int | None
) -> None:
    decision = decided(status(text, request_id))
    assert [goes_to(inform) for inform in decision.informs] == ["trigger"]
    (event,) = decision.events
    assert isinstance(event, LogStatusReported)
    assert (event.command_id, event.request_id, event.status) == (None, request_id, text)


def test_request_id_nought_is_an_id_like_any_other() -> None:
    assert [goes_to(inform) for inform in decided(status("Uploading", 0)).informs] == [("log", 0), "trigger"]
