"""Faults with customers' data and the local list (OCPP 2.0.1 N09, N10, D01)."""

from ocppdiag_station.bends import Parts, answers, dropped, parts, refuses
from ocppdiag_station.customers import slices
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.steps import Answer, Call, Script
from ocppdiag_station.words import Payload

ASKED, TOLD = "CustomerInformation", "NotifyCustomerInformation"
TORN_SLICE = 507
"""Bytes; this many cut right through a character of what a station knows at length."""


def _nothing(there: Parts) -> Parts:
    return [{**there[0], "data": "", "tbc": False}]


def _torn(there: Parts) -> Parts:
    """Cut by bytes: a character in between breaks into two that nobody can read."""
    text = _text(there).encode()
    pieces = [text[start : start + TORN_SLICE] for start in range(0, len(text), TORN_SLICE)]
    return _cut(there, [piece.decode(errors="replace") for piece in pieces])


def _tiny(there: Parts) -> Parts:
    """Cut into slices of a few characters."""
    return _cut(there, slices(_text(there), 5))


def _text(there: Parts) -> str:
    return "".join(part["data"] for part in there)


def _cut(there: Parts, pieces: list[str]) -> Parts:
    return [
        {**there[0], "seqNo": number, "tbc": number + 1 < len(pieces), "data": piece}
        for number, piece in enumerate(pieces)
    ]


def _list_mismatch(payload: Payload) -> Script:
    full = payload["updateType"] == "Full"
    return (Answer({"status": "Accepted" if full else "VersionMismatch"}),)


SCENARIOS = {
    "customer-no-data": Scenario(
        "N09.FR.06: tells nothing, in one empty slice", bends=(parts(TOLD, _nothing),)
    ),
    "customer-torn": Scenario("cuts slices by bytes, through characters", bends=(parts(TOLD, _torn),)),
    "customer-tiny-slices": Scenario("cuts slices of five characters", bends=(parts(TOLD, _tiny),)),
    "customer-silent": Scenario("N10.FR.06: accepts, and never tells", bends=(dropped(Call, (ASKED,)),)),
    "customer-rejected": Scenario("N09: answers Rejected", instead={ASKED: answers({"status": "Rejected"})}),
    "customer-invalid": Scenario(
        "N09.FR.09: answers Invalid", instead={ASKED: answers({"status": "Invalid"})}
    ),
    "customer-not-implemented": Scenario(
        "N09: answers CALLERROR NotImplemented", instead={ASKED: refuses("NotImplemented")}
    ),
    "list-version-mismatch": Scenario(
        "D01.FR.19: answers VersionMismatch to each differential update",
        instead={"SendLocalList": _list_mismatch},
    ),
    "list-failed": Scenario("D01: answers Failed", instead={"SendLocalList": answers({"status": "Failed"})}),
    "list-not-implemented": Scenario(
        "D01: has no local list: CALLERROR NotImplemented",
        instead={"SendLocalList": refuses("NotImplemented")},
    ),
}
