"""What the simulated station knows of customers, tells in slices, and forgets (N09, N10, D01)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages.customer_information import CustomerInformationRequest
from ocppdiag_ocpp.messages.send_local_list import SendLocalListRequest
from ocppdiag_station import notices, requests
from ocppdiag_station.customers import CLEARED, CUSTOMERS, UNKNOWN, Customers, LocalList, judge, slices

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOKEN: dict[str, Any] = {"idToken": {"idToken": "100000C01", "type": "Central"}}
CERTIFICATE: dict[str, Any] = {
    "customerCertificate": {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "a1" * 32,
        "issuerKeyHash": "B2" * 32,
        "serialNumber": "0BADCAFE",
    }
}
FIRST, SECOND = (customer.text for customer in CUSTOMERS)


def asked(*, report: bool = True, clear: bool = False, **named: Any) -> CustomerInformationRequest:  # noqa: ANN401 (JSON)
    text = json.dumps({"requestId": 1, "report": report, "clear": clear, **named})
    request = requests.read("CustomerInformation", text.encode(), OcppVersion.V201)
    assert isinstance(request, CustomerInformationRequest)
    return request


@pytest.mark.parametrize(
    ("named", "text"),
    [
        (TOKEN, FIRST),
        ({"idToken": {"idToken": "100000c01", "type": "Central"}}, FIRST),
        ({"idToken": {"idToken": "100000C01", "type": "Local"}}, UNKNOWN),
        ({"idToken": {"idToken": "100000C02", "type": "Central"}}, UNKNOWN),
        ({"customerIdentifier": "OpenChargeAlliance"}, FIRST),
        ({"customerIdentifier": "Müller"}, SECOND),
        ({"customerIdentifier": ""}, UNKNOWN),
        (CERTIFICATE, FIRST),
        ({"customerCertificate": {**CERTIFICATE["customerCertificate"], "hashAlgorithm": "SHA512"}}, UNKNOWN),
    ],
    ids=str,
)
def test_a_customer_is_found_by_each_name(named: dict[str, Any], text: str) -> None:
    assert Customers().tell(asked(**named)) == text


def test_what_is_cleared_is_gone_under_every_name_and_nobody_else_is() -> None:
    known = Customers()
    assert known.tell(asked(clear=True, **TOKEN)) == FIRST
    assert known.tell(asked(**TOKEN)) == UNKNOWN
    assert known.tell(asked(customerIdentifier="OpenChargeAlliance")) == UNKNOWN
    assert known.tell(asked(customerIdentifier="Müller")) == SECOND


def test_clearing_without_a_report_tells_that_it_is_done_and_no_data() -> None:
    known = Customers()
    assert known.tell(asked(report=False, clear=True, **TOKEN)) == CLEARED
    assert known.tell(asked(report=False, clear=True, **TOKEN)) == UNKNOWN


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked(**TOKEN), "Accepted"),
        (asked(), "Invalid"),
        (asked(**TOKEN, **CERTIFICATE), "Invalid"),
        (asked(**TOKEN, customerIdentifier="x"), "Invalid"),
        (asked(report=False, **TOKEN), "Rejected"),
    ],
)
def test_a_request_needs_one_name_and_a_wish(request_: CustomerInformationRequest, status: str) -> None:
    assert judge(request_) == status


@given(st.text(max_size=3000))
def test_slices_joined_are_the_text_and_none_is_too_long(text: str) -> None:
    pieces = slices(text)
    assert "".join(pieces) == text
    assert pieces
    assert all(len(piece) <= 512 for piece in pieces)
    parts = list(notices.customer(text, 5, NOW))
    assert [part.data for part in parts] == pieces
    assert [part.seq_no for part in parts] == list(range(len(parts)))
    assert [part.tbc for part in parts] == [True] * (len(parts) - 1) + [False]


def update(kind: str, version: int, *, info: bool | None = None) -> SendLocalListRequest:
    entry: dict[str, Any] = dict(TOKEN) | ({"idTokenInfo": {"status": "Accepted"}} if info else {})
    listed = {} if info is None else {"localAuthorizationList": [entry]}
    return SendLocalListRequest.model_validate({"versionNumber": version, "updateType": kind, **listed})


def test_a_differential_update_removes_what_has_no_info() -> None:
    kept = LocalList()
    assert kept.update(update("Differential", 2, info=False)) == "Accepted"
    assert (kept.tokens, kept.version) == (set(), 2)
    assert kept.update(update("Differential", 3, info=True)) == "Accepted"
    assert len(kept.tokens) == 1


@pytest.mark.parametrize("version", [1, 2])
def test_a_differential_update_must_be_newer_and_a_full_one_need_not(version: int) -> None:
    kept = LocalList(version=2)
    assert kept.update(update("Differential", version, info=False)) == "VersionMismatch"
    assert len(kept.tokens) == 1
    assert kept.update(update("Full", version)) == "Accepted"
    assert (kept.tokens, kept.version) == (set(), version)
