"""CustomerInformation that goes on: a cleared token taken off the station's local list (N10.FR.02)."""

import pytest
from customers_asked import ACCEPTED, CLEARED, asked, brought, listed
from operations import DUE, answered
from reports import customer_part

from ocppdiag_contracts.events import Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_workers import news
from ocppdiag_workers.operation import State
from ocppdiag_workers.parts import GRACE_SECONDS


def test_the_list_is_only_asked_for_when_the_report_is_complete() -> None:
    life = asked(clear=True, local_list_version=7).hear(ACCEPTED).notified(customer_part(0, "x"))
    assert (life.operation.turn, life.asked) == (0, 0)
    life.notified(customer_part(1, "y", tbc=False))
    assert (life.operation.turn, life.operation.state, life.asked) == (1, State.QUEUED, 1)
    assert life.operation.wake_at == DUE
    assert not life.ends


def test_the_token_goes_off_the_list_by_an_entry_that_says_no_more_than_the_token() -> None:
    life = asked(clear=True, local_list_version=7).hear(ACCEPTED).notified(CLEARED)
    assert life.ask() == (
        "SendLocalList",
        {
            "versionNumber": 8,
            "updateType": "Differential",
            "localAuthorizationList": [{"idToken": {"idToken": "04A2B3", "type": "ISO14443"}}],
        },
    )


def test_a_station_whose_version_has_no_list_is_not_asked_to_clear_half() -> None:
    with pytest.raises(UnknownActionError):
        asked("ocpp2.0", clear=True, local_list_version=7).ask()


def test_a_list_that_was_changed_completes_with_the_report_and_its_answer() -> None:
    life = asked(clear=True, local_list_version=0).hear(ACCEPTED).notified(CLEARED)
    life.hear(news.Sent(3, 1), answered({"status": "Accepted"}, 1))
    assert life.end.outcome is Outcome.COMPLETED
    assert (brought(life).data, brought(life).local_list) == ("cleared", "Accepted")
    assert [event.event for event in life.told].count("command_sent") == 0, "the first CALL is what is told"


def test_a_report_that_counts_from_one_leads_to_the_list_as_well() -> None:
    life = asked(clear=True, local_list_version=7).hear(ACCEPTED)
    life.notified(customer_part(1, "x", tbc=False, at=10)).hear(news.Woke(10 + GRACE_SECONDS))
    assert life.ask()[0] == "SendLocalList"
    life.hear(answered({"status": "Accepted"}, 1))
    assert (life.end.outcome, brought(life).data) == (Outcome.COMPLETED, "x")


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (answered({"status": "Failed"}, 1), "answered Failed to SendLocalList"),
        (answered({"status": "VersionMismatch"}, 1), "answered VersionMismatch to SendLocalList"),
        (news.Answered(4, b"{}", 1), "not readable"),
        (news.Errored(4, "NotSupported", "", 1), "answered NotSupported"),
        (news.Lost(4, 1), "the connection went"),
        (news.Refused(4, "gone", 1), "is not connected"),
        (news.Refused(4, "withdrawn", 1), "cancelled"),
        (news.Woke(DUE), "has not answered"),
    ],
)
def test_a_list_that_was_not_changed_fails_and_brings_the_report(item: news.News, why: str) -> None:
    life = listed().hear(item)
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.LOCAL_LIST_NOT_UPDATED)
    assert (life.end.detail or "").startswith("the customer was cleared; ")
    assert why in (life.end.detail or "")
    assert brought(life).data == "xy"


def test_what_is_late_or_repeated_while_the_list_is_changed_does_no_harm() -> None:
    life = listed()
    before, told, count = life.operation, len(life.told), life.asked
    items: list[news.News] = [
        news.Woke(DUE - 1),
        news.TimedOut(40),
        answered({"status": "Rejected"}),
        news.Lost(41),
    ]
    life.notified(customer_part(1, "y", tbc=False)).hear(*items)
    assert (life.operation, len(life.told)) == (before, told)
    assert life.asked == count + 5, "whatever comes asks again for what may not have been asked"
    life.hear(news.Sent(42, 1), *items).notified(customer_part(1, "y", tbc=False))
    assert (len(life.told), life.asked) == (told, count + 5), "it has left"
    life.hear(answered({"status": "Accepted"}, 1))
    assert (life.end.outcome, brought(life).data) == (Outcome.COMPLETED, "xy")


def test_a_part_too_many_while_the_list_is_changed_is_told_and_not_kept() -> None:
    life = listed()
    told = len(life.told)
    life.notified(customer_part(1, "another", tbc=False))
    assert [event.event for event in life.told[told:]] == ["customer_information_part_received"]
    life.hear(answered({"status": "Accepted"}, 1))
    assert brought(life).data == "xy"
