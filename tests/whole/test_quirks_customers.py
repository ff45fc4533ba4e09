"""Deviations with customers' data that stations show in the field: what who has asked sees, and nobody else."""

from typing import Any

import pytest
from quirks import Faults, Seen, together

from ocppdiag_contracts import Failure, Outcome
from ocppdiag_contracts.commands import CustomerInformation
from ocppdiag_contracts.events import CustomerInformationPartReceived
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station.customers import CLEARED, CUSTOMERS, UNKNOWN
from ocppdiag_station.scenarios.customers import TORN_SLICE

COMPLETED = (Outcome.COMPLETED, None)
REJECTED = (Outcome.REJECTED, Failure.REJECTED)
NAMED: dict[str, Any] = {"report": True, "customer_identifier": "Müller"}
TEXT = CUSTOMERS[1].text
TOKEN = {"id_token": "100000C01", "type": "Central"}


async def seen_of(
    faults: Faults,
    scenario: str,
    version: OcppVersion,
    **fields: Any,  # noqa: ANN401 (a command's fields)
) -> Seen:
    """Ask a station of its customer; it is none the worse for what it then does."""
    async with faults.station(scenario, version) as faulty:
        seen = await faulty.ask(CustomerInformation, **{"seconds": 3, **fields})
        await faulty.goes_on()
        assert faulty.refused == []
        everybody = faulty.of(CustomerInformationPartReceived)
        assert [part.data for part in everybody] == [None] * len(everybody)
        return seen


@pytest.mark.parametrize("version", list(OcppVersion))
async def test_slices_are_joined_however_they_are_cut(faults: Faults, version: OcppVersion) -> None:
    """5.3: byte-wise slices, through characters; of a few characters; "" when there is nothing."""

    async def case(scenario: str, text: str, slices: int, who: str = "Müller") -> None:
        seen = await seen_of(faults, scenario, version, seconds=20, report=True, customer_identifier=who)
        assert (seen.end, seen.result.data) == (COMPLETED, text)
        parts = seen.of(CustomerInformationPartReceived)
        assert "".join(part.data or "" for part in parts) == text
        assert len(parts) == seen.result.parts == slices

    whole = TEXT.encode()
    pieces = [whole[at : at + TORN_SLICE] for at in range(0, len(whole), TORN_SLICE)]
    torn = "".join(piece.decode(errors="replace") for piece in pieces)
    assert "\ufffd" in torn
    await together(
        case("customer-torn", torn, 3),
        case("customer-tiny-slices", CUSTOMERS[0].text, 14, who="OpenChargeAlliance"),
        case("customer-no-data", "", 1),
        case("good", TEXT, 3),
    )


async def test_nothing_known_is_an_answer_like_any_other(faults: Faults) -> None:
    """5.3: an empty report is normal. N10.FR.06: a customer who is only cleared is told of too."""

    async def case(text: str, **fields: object) -> None:
        seen = await seen_of(faults, "good", OcppVersion.V201, **fields)
        assert (seen.end, seen.result.data) == (COMPLETED, text)

    await together(
        case(UNKNOWN, report=True, customer_identifier="nobody"),
        case(CLEARED, clear=True, customer_identifier="Müller"),
        case(TEXT, clear=True, **NAMED),
    )


async def test_a_station_that_will_not_tell_is_shown_so(faults: Faults) -> None:
    """3.4: no waiting after Rejected. N09.FR.09: Invalid. N10.FR.06: accepted, and never told."""

    async def case(scenario: str, end: tuple[Outcome, Failure], detail: str, version: OcppVersion) -> None:
        seen = await seen_of(faults, scenario, version, **NAMED)
        assert seen.end == end
        assert detail in seen.words
        assert seen.result is None

    not_supported = (Outcome.REJECTED, Failure.NOT_SUPPORTED)
    nothing = (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
    await together(
        *[
            each
            for version in OcppVersion
            for each in (
                case("customer-rejected", REJECTED, "Rejected", version),
                case("customer-invalid", REJECTED, "Invalid", version),
                case("customer-not-implemented", not_supported, "NotImplemented", version),
                case("customer-silent", nothing, "no part of its report has come", version),
            )
        ]
    )


async def test_a_customer_who_stays_on_the_local_list_is_told(faults: Faults) -> None:
    """D01.FR.19 and others: SendLocalList is answered VersionMismatch, Failed, or not at all known."""

    async def case(scenario: str, answered: str | None, detail: str) -> None:
        wanted = {"clear": True, "id_token": TOKEN, "local_list_version": 1}
        seen = await seen_of(faults, scenario, OcppVersion.V201, **wanted)
        assert seen.end == (Outcome.FAILED, Failure.LOCAL_LIST_NOT_UPDATED)
        assert (seen.result.data, seen.result.local_list) == (CLEARED, answered)
        assert "the customer was cleared" in seen.words
        assert detail in seen.words

    await together(
        case("list-version-mismatch", "VersionMismatch", "VersionMismatch"),
        case("list-failed", "Failed", "Failed"),
        case("list-not-implemented", None, "NotImplemented"),
    )


async def test_what_nobody_asked_for_is_thanked_and_nobody_hears_what_it_says(faults: Faults) -> None:
    """5.2: NotifyCustomerInformation with an unknown requestId is not answered with a CALLERROR."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("parts-other-id", version) as faulty:
            seen = await faulty.ask(CustomerInformation, **NAMED)
            assert (seen.end, seen.result.data) == (COMPLETED, TEXT)
            parts = await faulty.until(CustomerInformationPartReceived, 4)
            assert [part.command_id is None for part in parts] == [False, False, True, False]
            assert [part.data for part in parts] == [None] * 4
            assert faulty.refused == []

    await together(case(OcppVersion.V201), case(OcppVersion.V20))
