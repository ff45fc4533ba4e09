"""The simulated station's faults with reports in parts, of monitors and of customers."""

from typing import Any

import pytest
from bent_scripts import CUSTOMER, REPORT, parts, payloads

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station import SCENARIOS, SimulatedStation, requests


def numbers(there: list[dict[str, Any]]) -> list[int]:
    return [part["seqNo"] for part in there]


def ends(there: list[dict[str, Any]]) -> list[bool | None]:
    return [part.get("tbc") for part in there]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("parts-from-one", [1, 2, 3, 4]),
        ("parts-all-zero", [0, 0, 0, 0]),
        ("parts-gap", [0, 2, 3]),
        ("parts-zero-missing", [1, 2, 3]),
        ("parts-last-missing", [0, 1, 2]),
        ("parts-repeated", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("parts-conflicting", [0, 0, 1, 1, 2, 2, 3, 3]),
        ("parts-reversed", [3, 2, 1, 0]),
        ("parts-after-end", [0, 1, 2, 3, 4]),
        ("parts-twice", [0, 1, 2, 3, 0, 1, 2, 3]),
        ("parts-other-id", [0, 1, 2, 3, 3]),
        ("parts-never-end", [0, 1, 2, 3]),
        ("parts-empty", [0, 1, 2, 3]),
        ("parts-no-monitor", [0, 1, 2, 3]),
        ("report-no-monitor", [0]),
        ("parts-no-tbc", [0, 1, 2, 3]),
    ],
)
async def test_parts_are_numbered_as_the_fault_wants(name: str, expected: list[int]) -> None:
    assert numbers(await parts(name)) == expected


async def test_parts_are_bent_in_what_they_hold() -> None:
    repeated, conflicting = await parts("parts-repeated"), await parts("parts-conflicting")
    assert repeated[0] == repeated[1]
    assert conflicting[0]["monitor"] != conflicting[1]["monitor"]
    assert [bool(part["monitor"]) for part in await parts("parts-empty")] == [True, False, False, False]
    assert ["monitor" in part for part in await parts("parts-no-monitor")] == [True, False, False, False]
    assert "monitor" not in (await parts("report-no-monitor"))[0]
    assert ends(await parts("parts-never-end")) == [True] * 4
    assert ends(await parts("parts-no-tbc")) == [None] * 4
    assert ends(await parts("parts-no-tbc-at-end")) == [True, True, True, None]
    assert [part["requestId"] for part in await parts("parts-other-id")] == [5, 5, 5, 1005, 5]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("parts-from-one", [1, 2, 3]), ("parts-gap", [0, 2]), ("parts-repeated", [0, 0, 1, 1, 2, 2])],
)
async def test_customers_data_come_in_parts_with_the_same_faults(name: str, expected: list[int]) -> None:
    assert numbers(await parts(name, CUSTOMER)) == expected


async def test_slices_are_cut_as_the_fault_wants() -> None:
    good = "".join(part["data"] for part in await parts("good", CUSTOMER))
    assert "Müller" in good
    tiny = await parts("customer-tiny-slices", CUSTOMER)
    assert max(len(part["data"]) for part in tiny) == 5
    assert "".join(part["data"] for part in tiny) == good
    (nothing,) = await parts("customer-no-data", CUSTOMER)
    assert (nothing["data"], nothing["tbc"]) == ("", False)
    assert await parts("customer-silent", CUSTOMER) == []
    torn = await parts("customer-torn", CUSTOMER)
    assert all(len(part["data"].encode()) <= 520 for part in torn)


async def test_a_crowd_of_monitors_is_reported_in_500_parts() -> None:
    station = SimulatedStation("CS-1", scenario=SCENARIOS["more-monitors"])
    request = requests.read("GetMonitoringReport", b'{"requestId":1}', OcppVersion.V201)
    response = await station.answer("GetMonitoringReport", request)
    there = payloads(station.follow(request, response), REPORT)
    assert numbers(there) == list(range(500))
    assert sum(len(part["monitor"]) for part in there) == 5000
