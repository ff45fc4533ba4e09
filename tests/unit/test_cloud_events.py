"""Headers that make our messages CloudEvents, and that hold nothing of what a message says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts import CommandSettled, GetLog, Outcome
from ocppdiag_contracts.cloud_events import WORKERS, client, headers, schema_uri
from ocppdiag_contracts.events import SecurityEventReported
from ocppdiag_contracts.model import now
from ocppdiag_contracts.schemas import MESSAGES, schema_of

CANARY = "canary-7f3a"


def test_an_event_has_every_attribute_and_each_is_text() -> None:
    event = SecurityEventReported.model_validate(
        {
            "id": "CS-17/security/1",
            "time": "2026-01-31T13:00:00.120+01:00",
            "station": "CS-17",
            "type": "Tampering",
            "happened_at": "2026-01-31T11:00:00Z",
            "tech_info": CANARY,
        }
    )
    made = headers(event, WORKERS)
    assert made == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_type": "ocppdiag.security_event_reported.v1",
        "cloudEvents_source": "/ocppdiag/workers",
        "cloudEvents_id": "CS-17/security/1",
        "cloudEvents_time": "2026-01-31T12:00:00.120Z",
        "cloudEvents_subject": "CS-17",
        "cloudEvents_dataschema": "urn:ocppdiag:schema:security_event_reported.v1",
    }
    assert CANARY not in str(made)


def test_a_command_says_which_client_it_is_from() -> None:
    command = GetLog(station="CS-17", id="one")
    made = headers(command, client("billing"))
    assert made["cloudEvents_source"] == "/ocppdiag/clients/billing"
    assert made["cloudEvents_type"] == "ocppdiag.get_log.v1"
    assert made["cloudEvents_id"] == "one"


def test_headers_of_one_message_are_not_those_of_the_next() -> None:
    first, second = (headers(GetLog(station=name), client("x")) for name in ("A", "B"))
    assert (first["cloudEvents_subject"], second["cloudEvents_subject"]) == ("A", "B")
    assert first["cloudEvents_id"] != second["cloudEvents_id"]


def test_a_message_about_no_station_has_no_subject() -> None:
    settled = CommandSettled(
        id="1", time=now(), station="", command_id="one", command=None, outcome=Outcome.REJECTED
    )
    assert "cloudEvents_subject" not in headers(settled, WORKERS)


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_schema_that_a_message_names_is_the_one_that_is_published(kind: type) -> None:
    assert schema_of(kind)["$id"] == schema_uri(kind)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,50}", fullmatch=True))
def test_a_source_is_a_reference_without_a_host(name: str) -> None:
    assert re.fullmatch(r"/ocppdiag/clients/[A-Za-z0-9_-]+", client(name))
