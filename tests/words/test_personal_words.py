"""What is personal or secret is in what its owner reads and in nothing else: events for all, `repr()`, errors."""

import json
import traceback
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made
from pydantic import BaseModel, ValidationError

from ocppdiag_contracts import EVENT, GetLog
from ocppdiag_contracts.commands import (
    CertificateHashData,
    CustomerInformation,
    HashAlgorithm,
    IdToken,
    IdTokenType,
)
from ocppdiag_contracts.events import (
    CommandSettled,
    CustomerInformationPartReceived,
    CustomerReport,
    Event,
    EventModel,
    LogStatusReported,
    Result,
)

CANARY = "canary7f3a"

EVENTS = get_args(Event)
RESULTS = get_args(get_args(Result)[0])
SECRETIVE = (CommandSettled, CustomerInformationPartReceived, LogStatusReported)
IMPERSONAL = [kind for kind in EVENTS if kind not in SECRETIVE]

secret = st.just(CANARY)
TOKEN = IdToken(id_token=CANARY, type=IdTokenType.ISO14443)
CERTIFICATE = CertificateHashData(
    hash_algorithm=HashAlgorithm.SHA256,
    issuer_name_hash=CANARY,
    issuer_key_hash=CANARY,
    serial_number=CANARY,
)


def _shown(event: EventModel) -> str:
    """What everybody hears of an event, which holds a secret."""
    assert CANARY in event.model_dump_json()
    return event.for_all().model_dump_json()


@settings(max_examples=25)
@given(
    made(
        CustomerInformationPartReceived,
        data=secret,
        payload=st.none() | st.fixed_dictionaries({"data": secret}),
    )
)
def test_all_hear_that_a_part_about_a_customer_has_come_and_not_what_is_in_it(
    event: CustomerInformationPartReceived,
) -> None:
    text = _shown(event)
    assert CANARY not in text
    assert json.loads(text)["data"] is None
    shown = EVENT.validate_json(text)
    assert isinstance(shown, CustomerInformationPartReceived)
    assert shown.model_copy(update={"data": event.data, "payload": event.payload}) == event


@settings(max_examples=25)
@given(made(CommandSettled, result=made(CustomerReport, data=secret)))
def test_all_hear_how_a_command_about_a_customer_ended_and_not_what_it_brought(event: CommandSettled) -> None:
    text = _shown(event)
    assert CANARY not in text
    shown = EVENT.validate_json(text)
    assert isinstance(shown, CommandSettled)
    assert isinstance(shown.result, CustomerReport)
    assert isinstance(event.result, CustomerReport)
    assert shown.result.data is None
    whole = shown.result.model_copy(update={"data": event.result.data})
    assert shown.model_copy(update={"result": whole}) == event


@settings(max_examples=25)
@given(made(LogStatusReported, payload=st.just({CANARY: f"https://x/{CANARY}/"})), st.text(max_size=5))
def test_all_hear_what_became_of_a_log_and_not_the_broken_message_that_said_so(
    event: LogStatusReported, name: str
) -> None:
    broken = event.model_copy(
        update={"violations": [f"{name}{CANARY}.0: extra_forbidden", "seqNo: int_type"]}
    )
    text = _shown(broken)
    assert CANARY not in text
    shown = EVENT.validate_json(text)
    assert isinstance(shown, LogStatusReported)
    assert shown.violations == ["extra_forbidden", "int_type"]
    whole = {"violations": broken.violations, "payload": broken.payload}
    assert shown.model_copy(update=whole) == broken


@settings(max_examples=25)
@given(made(LogStatusReported, violations=st.just([]), payload=st.none()))
def test_all_hear_what_became_of_a_log_as_it_is_when_nothing_is_wrong_with_the_message(
    event: LogStatusReported,
) -> None:
    assert event.for_all() is event


def test_what_all_hear_is_not_changed_in_the_event_itself() -> None:
    report = CustomerReport(parts=1, data=CANARY)
    settled = CommandSettled.model_validate(
        {
            "id": "x",
            "time": "2026-01-31T12:00:00Z",
            "station": "CS-17",
            "command_id": "one",
            "command": "customer_information",
            "outcome": "completed",
            "result": report,
        }
    )
    settled.for_all()
    assert isinstance(settled.result, CustomerReport)
    assert settled.result.data == CANARY


@pytest.mark.parametrize("kind", IMPERSONAL)
@settings(max_examples=10)
@given(data=st.data())
def test_all_hear_every_other_event_as_it_is(kind: type[EventModel], data: st.DataObject) -> None:
    event = data.draw(made(kind))
    assert event.for_all() is event


@pytest.mark.parametrize("kind", [kind for kind in RESULTS if kind is not CustomerReport])
@settings(max_examples=10)
@given(data=st.data())
def test_all_hear_every_other_result_as_it_is(kind: type[BaseModel], data: st.DataObject) -> None:
    event = data.draw(made(CommandSettled, result=made(kind)))
    assert event.for_all() is event


def _part(**members: object) -> CustomerInformationPartReceived:
    fields: dict[str, object] = {
        "id": "x",
        "time": "2026-01-31T12:00:00Z",
        "station": "CS-17",
        "command_id": "one",
        "request_id": 1,
        "seq_no": 0,
        "tbc": False,
        "generated_at": "2026-01-31T12:00:00Z",
    }
    return CustomerInformationPartReceived.model_validate(fields | members)


@pytest.mark.abuse("36 repr of commands and events", "nothing personal or secret")
@pytest.mark.parametrize(
    "secretive",
    [
        TOKEN,
        CERTIFICATE,
        CustomerInformation(station="CS-17", report=True, id_token=TOKEN),
        CustomerInformation(station="CS-17", clear=True, customer_certificate=CERTIFICATE),
        CustomerInformation(station="CS-17", clear=True, customer_identifier=CANARY),
        GetLog(station="CS-17", remote_location=f"sftp://{CANARY}:{CANARY}@{CANARY}/{CANARY}"),
        CustomerReport(parts=1, data=CANARY),
        _part(data=CANARY, payload={"data": CANARY}),
    ],
    ids=lambda secretive: type(secretive).__name__,
)
def test_nobody_reads_it_where_an_object_is_printed(secretive: BaseModel) -> None:
    assert CANARY in secretive.model_dump_json()
    for text in (repr(secretive), str(secretive), repr([secretive]), f"{secretive}"):
        assert CANARY not in text


@pytest.mark.abuse("36 validation errors", "no value, in the whole traceback")
@pytest.mark.parametrize(
    "make",
    [
        lambda: IdToken(id_token=CANARY * 4, type=IdTokenType.LOCAL),
        lambda: IdToken.model_validate({"id_token": CANARY, "type": CANARY}),
        lambda: CertificateHashData.model_validate({"serial_number": CANARY * 5, "hash_algorithm": CANARY}),
        lambda: CustomerInformation(station="CS-17", report=True, customer_identifier=CANARY * 7),
        lambda: CustomerInformation(station="CS-17", report=True, id_token=TOKEN, customer_identifier=CANARY),
        lambda: GetLog(station="CS-17", remote_location=f"gopher://{CANARY}/"),
        lambda: CustomerReport.model_validate({"parts": CANARY, "data": [CANARY]}),
    ],
)
def test_nobody_reads_it_where_an_object_cannot_be_made(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError) as error:
        make()
    assert CANARY not in "".join(traceback.format_exception(error.value))
