"""What a gateway suspects at its door, as the workers tell it to everybody."""

import json

import pytest
from msgspec import structs
from operations import HOUSE, TABLE, as_told

from ocppdiag_client.cli.sentences import sentence
from ocppdiag_contracts import link
from ocppdiag_contracts.events import Event, StationSuspected, Suspicion
from ocppdiag_contracts.schemas import schema_of
from ocppdiag_workers.decide import decide

SUSPECTED = link.Suspected(
    station="CS-1", node="gateway-0", at=1_769_860_800.25, reason=Suspicion.WRONG_PASSWORD, detail="five"
)


def told(suspected: link.Suspected) -> Event:
    """Go the way through the broker: as a record, and as an event."""
    record = link.TO_WORKERS.decode(link.encode(suspected))
    decision = decide(record, TABLE, HOUSE, 0.0)
    assert (decision.informs, decision.connects, decision.node, decision.answer) == ((), None, None, None)
    (event,) = decision.events
    return as_told(event)


def test_a_suspicion_is_told_and_nothing_else_is_done_about_it() -> None:
    event = told(SUSPECTED)
    assert isinstance(event, StationSuspected)
    assert event.reason is Suspicion.WRONG_PASSWORD
    assert json.loads(event.model_dump_json()) == {
        "event": "station_suspected",
        "id": "CS-1/suspected/wrong_password/gateway-0/1769860800250",
        "schema_version": 1,
        "time": "2026-01-31T12:00:00.250Z",
        "station": "CS-1",
        "node": "gateway-0",
        "reason": "wrong_password",
        "detail": "five",
    }


def test_the_same_suspicion_has_the_same_id_and_every_other_has_another() -> None:
    others = (
        {"station": "CS-2"},
        {"node": "gateway-1"},
        {"at": SUSPECTED.at + 60},
        {"reason": Suspicion.TAKEOVERS},
    )
    ids = [told(SUSPECTED).id, *(told(structs.replace(SUSPECTED, **other)).id for other in others)]
    assert told(SUSPECTED).id == ids[0]
    assert len(set(ids)) == len(ids)


def test_the_longest_names_make_an_id_that_an_event_may_have() -> None:
    assert told(structs.replace(SUSPECTED, station="x" * 48, node="n" * 60)).station == "x" * 48


def test_a_newer_gateways_reason_is_passed_on() -> None:
    event = told(structs.replace(SUSPECTED, reason="of tomorrow"))
    assert isinstance(event, StationSuspected)
    assert event.reason == "of tomorrow"
    assert sentence(event) == "suspected of tomorrow: five"
    assert {"type": "string"} in schema_of(StationSuspected)["properties"]["reason"]["anyOf"]


@pytest.mark.parametrize("reason", Suspicion)
def test_every_suspicion_has_its_words(reason: Suspicion) -> None:
    text = sentence(told(structs.replace(SUSPECTED, reason=reason)))
    assert text.startswith("suspected ")
    assert text.endswith(": five")
    assert reason.value not in text, "its words and not its name"
