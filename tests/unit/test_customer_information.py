"""CustomerInformation: the report, then the local list; what is personal is wiped with the end."""

from typing import Any

import pytest
from operations import DUE, STATION, TABLE, Life, answered, as_told, begun, called, decided
from reports import customer_part

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CustomerInformation, IdToken, IdTokenType
from ocppdiag_contracts.events import CustomerInformationPartReceived, CustomerReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_workers import news
from ocppdiag_workers.letters import letter
from ocppdiag_workers.operation import State
from ocppdiag_workers.parts import GRACE_SECONDS, MOST_PARTS

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
EITHER = pytest.mark.parametrize("version", VERSIONS)
TOKEN = IdToken(id_token="04A2B3", type=IdTokenType.ISO14443)
ACCEPTED = answered({"status": "Accepted"})
CLEARED = customer_part(0, "cleared", tbc=False)


def asked(version: str = "ocpp2.0.1", **wanted: Any) -> Life:  # noqa: ANN401 (a command's fields)
    fields = {"report": True, "id_token": TOKEN, **wanted}
    return Life(CustomerInformation(id="c1", station=STATION, **fields), version)


def listed(**wanted: Any) -> Life:  # noqa: ANN401 (a command's fields)
    """The report is complete, and the local list is left."""
    life = asked(**{"clear": True, "local_list_version": 7, **wanted})
    return (
        life.hear(news.Sent(0.5), ACCEPTED)
        .notified(customer_part(0, "x"))
        .notified(customer_part(1, "y", tbc=False))
    )


def brought(life: Life) -> CustomerReport:
    assert isinstance(life.end.result, CustomerReport)
    return life.end.result


@EITHER
def test_it_asks_about_exactly_one_customer(version: str) -> None:
    assert asked(version).ask() == (
        "CustomerInformation",
        {
            "requestId": 5,
            "report": True,
            "clear": False,
            "idToken": {"idToken": "04A2B3", "type": "ISO14443"},
        },
    )
    content = asked(version, id_token=None, customer_identifier="Mr X", clear=True).ask()[1]
    assert content == {"requestId": 5, "report": True, "clear": True, "customerIdentifier": "Mr X"}


@EITHER
def test_the_pieces_are_joined_with_nothing_between(version: str) -> None:
    life = asked(version).hear(ACCEPTED)
    for number, text in ((2, "ller"), (0, "Name: M"), (1, "ü")):
        life.notified(customer_part(number, text, tbc=number < 2, version=version))
    assert life.end.outcome is Outcome.COMPLETED
    assert (brought(life).data, brought(life).local_list) == ("Name: Müller", None)


def test_no_data_is_a_report_as_well() -> None:
    life = asked().hear(ACCEPTED).notified(customer_part(0, "", tbc=False))
    assert (life.end.outcome, brought(life).data, brought(life).irregularities) == (Outcome.COMPLETED, "", [])


@pytest.mark.parametrize(
    ("status", "outcome", "failure"),
    [
        ("Rejected", Outcome.REJECTED, Failure.REJECTED),
        ("Invalid", Outcome.REJECTED, Failure.REJECTED),
        ("Nonsense", Outcome.FAILED, Failure.STATION_ERROR),
    ],
)
def test_another_answer_is_the_end(status: str, outcome: Outcome, failure: Failure) -> None:
    end = asked().hear(answered({"status": status})).end
    assert (end.outcome, end.failure, end.result) == (outcome, failure, None)


@pytest.mark.parametrize(
    "item",
    [
        answered({"status": "Rejected"}),
        news.Errored(3, "InternalError", ""),
        news.Woke(DUE),
    ],
)
def test_what_has_come_is_brought_by_every_end(item: news.News) -> None:
    life = asked().notified(customer_part(0, "x")).hear(item)
    assert life.end.outcome is not Outcome.COMPLETED
    assert brought(life).data == "x"


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


@pytest.mark.abuse("35 what is kept of a customer", "nothing beyond the end of the operation")
def test_nothing_of_the_customer_is_left_in_an_operation_that_has_ended() -> None:
    life = listed().hear(answered({"status": "Accepted"}, 1))
    assert life.end.result
    assert "04A2B3" not in str(life.operation)
    assert bytes(life.operation.command) == b"null"


def test_what_everybody_may_hear_has_none_of_the_customers_words() -> None:
    life = listed().hear(answered({"status": "Accepted"}, 1))
    parts = [event for event in life.told if isinstance(event, CustomerInformationPartReceived)]
    assert [part.data for part in parts] == ["x", "y"]
    assert [part.command_id for part in parts] == ["c1", "c1"]
    assert [part.for_all().data for part in parts] == [None, None]
    shown = life.end.for_all().result
    assert isinstance(shown, CustomerReport)
    assert (shown.data, shown.parts, shown.local_list) == (None, 2, "Accepted")


@EITHER
def test_a_report_that_nobody_asked_for_is_thanked_and_told_without_its_text(version: str) -> None:
    decision = decided(customer_part(0, "secret", request_id=77, version=version))
    assert isinstance(decision.answer, link.Answer)
    (inform,) = decision.informs
    (event,) = inform.unclaimed()
    assert isinstance(event, CustomerInformationPartReceived)
    assert (event.command_id, event.request_id, event.data, event.payload) == (None, 77, None, None)
    assert decision.events == ()


@pytest.mark.parametrize(
    "record",
    [
        customer_part(-1, "secret"),
        customer_part(MOST_PARTS, "secret"),
        called(
            "NotifyCustomerInformation",
            {"seqNo": 0, "tbc": False, "generatedAt": "2026-01-31T12:00:00Z", "data": "secret"},
            version="ocpp2.0",
        ),
    ],
    ids=["a number below 0", "a number beyond all that is kept", "no requestId, which OCPP 2.0 allows"],
)
def test_what_is_no_part_of_anything_is_told_without_its_text_and_thanked(record: link.Called) -> None:
    decision = decided(record)
    assert isinstance(decision.answer, link.Answer)
    assert decision.informs == ()
    (event,) = map(as_told, decision.events)
    assert "secret" not in event.model_dump_json()


def test_a_message_that_had_to_be_mended_is_not_told_to_everybody_either() -> None:
    record = customer_part(0, "secret" * 100)
    (inform,) = decided(record).informs
    (event,) = map(as_told, inform.unclaimed())
    assert isinstance(event, CustomerInformationPartReceived)
    assert event.violations
    assert "secret" not in event.model_dump_json()


def test_a_part_is_written_whole_for_who_has_asked_and_without_its_text_for_all() -> None:
    (inform,) = decided(customer_part(0, "secret")).informs
    assert isinstance(inform.news, news.PartCame)
    command = CustomerInformation(id="c1", station=STATION, report=True, customer_identifier="x")
    (told,) = TABLE.advance(begun(command), inform.news).events
    written = letter(told)
    assert b"secret" not in bytes(written.shown)
    assert b"secret" in bytes(written.whole or b"")
