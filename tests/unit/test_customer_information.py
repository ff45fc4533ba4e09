"""CustomerInformation: the report, then the local list; what is personal is wiped with the end."""

import pytest
from customers_asked import ACCEPTED, EITHER, asked, brought, listed
from operations import DUE, STATION, TABLE, answered, as_told, begun, called, decided
from reports import customer_part

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CustomerInformation
from ocppdiag_contracts.events import CustomerInformationPartReceived, CustomerReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news
from ocppdiag_workers.letters import letter
from ocppdiag_workers.parts import MOST_PARTS


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
