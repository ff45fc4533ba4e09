"""Reports in parts as stations really send them, of monitors and of customers: what a service sees of each deviation."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from bare import Payload, bare_station
from quirks import Faults, Faulty, Seen, together

from ocppdiag_contracts import Failure, Outcome
from ocppdiag_contracts.commands import CustomerInformation, GetMonitoringReport
from ocppdiag_contracts.events import (
    CommandQueued,
    CustomerInformationPartReceived,
    MonitoringReport,
    MonitoringReportPartReceived,
)
from ocppdiag_contracts.model import now
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station.customers import CUSTOMERS

AT = "2026-01-31T12:00:00Z"
V201, V20 = OcppVersion.V201, OcppVersion.V20
COMPLETED = (Outcome.COMPLETED, None)
PARTS_MISSING = (Outcome.FAILED, Failure.PARTS_MISSING)
LAST_MISSING = (Outcome.EXPIRED, Failure.PARTS_MISSING)
FIRST_IDS = [1, 2, 3, 4, 6, 7, 8]
"""Of a simulated station's seven variables, the id of the first monitor of each; they come in parts of two."""

TEXT = CUSTOMERS[1].text
"""What it knows of a customer comes in three slices."""


async def both(faulty: Faulty, seconds: float = 4) -> tuple[Seen, Seen]:
    """Ask for both kinds of reports at once."""
    return await asyncio.gather(
        faulty.ask(GetMonitoringReport, seconds=seconds),
        faulty.ask(CustomerInformation, seconds=seconds, report=True, customer_identifier="Müller"),
    )


def first_ids(seen: Seen) -> list[int]:
    """What a report brings, by the first monitor of each variable."""
    return [data.variable_monitoring[0].id for data in seen.result.monitor]


@pytest.mark.parametrize(
    "scenario",
    [
        "parts-of-one",
        "parts-repeated",  # identical content is ignored
        "parts-reversed",  # order does not matter
        "parts-twice",  # a second run with the same requestId
        "parts-after-end",  # what comes after the end is nobody's
        "parts-other-id",  # an unknown requestId is nobody's
        "parts-before-answer",
        "parts-no-tbc-at-end",  # absent is false
    ],
)
async def test_what_can_be_put_together_is_complete(faults: Faults, scenario: str) -> None:
    """3.4: repeats, disorder, parts before the answer or after the end, other requestIds, tbc absent."""

    async def case(version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            monitors, customer = await both(faulty, seconds=8)
            assert (monitors.end, customer.end) == (COMPLETED, COMPLETED)
            assert (first_ids(monitors), customer.result.data) == (FIRST_IDS, TEXT)
            for seen in (monitors, customer):
                assert (seen.result.missing, seen.result.irregularities) == ([], [])
            told = [part for part in faulty.of(MonitoringReportPartReceived) if part.command_id]
            assert len(told) == (7 if scenario == "parts-of-one" else 4), "each part once"
            await faulty.goes_on()
            assert faulty.refused == []

    await together(case(V201), case(V20))


async def test_parts_with_wrong_numbers_are_put_together_and_the_report_says_how(faults: Faults) -> None:
    """3.4: counted from 1; all with one number; two with one number and different content."""

    async def case(scenario: str, irregularity: str, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            monitors, customer = await both(faulty)
            assert (monitors.end, customer.end) == (COMPLETED, COMPLETED)
            assert (first_ids(monitors), customer.result.data) == (FIRST_IDS, TEXT)
            for seen in (monitors, customer):
                assert seen.result.irregularities == [irregularity]
                assert seen.result.missing == []
            assert faulty.refused == []

    scenarios = {
        "parts-from-one": "first_part_missing",
        "parts-all-zero": "same_number",
        "parts-conflicting": "conflict",
    }
    await together(*[case(name, scenarios[name], version) for name in scenarios for version in OcppVersion])


async def test_what_never_comes_is_named_at_the_deadline_beside_what_has_come(faults: Faults) -> None:
    """3.4: a hole; no last part; one that says that more will come; the first lost, which looks like counting from 1."""

    async def case(
        scenario: str,
        end: tuple[Outcome, Failure | None],
        places: list[int],
        data: str,
        version: OcppVersion,
        *missing: int,
    ) -> None:
        async with faults.station(scenario, version) as faulty:
            monitors, customer = await both(faulty)
            assert (monitors.end, customer.end) == (end, end)
            assert first_ids(monitors) == [FIRST_IDS[place] for place in places]
            assert customer.result.data == data
            for seen in (monitors, customer):
                assert seen.result.missing == list(missing)
                assert (seen.settled.detail is None) is (end == COMPLETED)
            await faulty.goes_on()
            assert faulty.refused == []

    await together(
        *[
            each
            for version in OcppVersion
            for each in (
                case("parts-gap", PARTS_MISSING, [0, 1, 4, 5, 6], TEXT[:512] + TEXT[1024:], version, 1),
                case("parts-last-missing", LAST_MISSING, [0, 1, 2, 3, 4, 5], TEXT[:1024], version),
                case("parts-never-end", LAST_MISSING, [0, 1, 2, 3, 4, 5, 6], TEXT, version),
                case("parts-zero-missing", COMPLETED, [2, 3, 4, 5, 6], TEXT[512:], version),
            )
        ]
    )


async def test_an_empty_part_is_legal_alone_and_suspicious_among_others(faults: Faults) -> None:
    """5.2: `monitor: []` in every part after the first. 3.4: `monitor` absent; empty data."""

    async def suspicious(scenario: str, violations: list[str], version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            seen = await faulty.ask(GetMonitoringReport)
            assert (seen.end, seen.result.irregularities) == (COMPLETED, ["empty_part"])
            assert (first_ids(seen), seen.result.parts) == (FIRST_IDS[:2], 4)
            last = seen.of(MonitoringReportPartReceived)[-1]
            assert last.violations == violations
            assert (last.payload or {}).get("monitor") == ([] if violations else None)
            assert faulty.refused == []

    async def of_a_customer() -> None:
        async with faults.station("parts-empty") as faulty:
            seen = await faulty.ask(CustomerInformation, report=True, customer_identifier="Müller")
            assert (seen.result.irregularities, seen.result.data) == (["empty_part"], TEXT[:512])

    async def alone(version: OcppVersion) -> None:
        async with faults.station("report-no-monitor", version) as faulty:
            seen = await faulty.ask(GetMonitoringReport)
            assert (seen.end, seen.result.irregularities) == (COMPLETED, [])
            assert (seen.result.parts, seen.result.monitor) == (1, [])
            assert faulty.refused == []

    await together(
        of_a_customer(),
        *[suspicious("parts-empty", ["monitor: too_short"], version) for version in OcppVersion],
        *[suspicious("parts-no-monitor", [], version) for version in OcppVersion],
        *[alone(version) for version in OcppVersion],
    )


async def test_a_part_without_tbc_is_the_last_and_those_after_it_are_nobodys(faults: Faults) -> None:
    """3.4: tbc is absent in each part; absent is false, so the first ends the report."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("parts-no-tbc", version) as faulty:
            seen = await faulty.ask(GetMonitoringReport)
            assert (seen.end, seen.result.parts, first_ids(seen)) == (COMPLETED, 1, FIRST_IDS[:2])
            parts = await faulty.until(MonitoringReportPartReceived, 4)
            assert [part.command_id is None for part in parts] == [False, True, True, True]
            assert faulty.refused == []

    await together(case(V201), case(V20))


async def test_no_report_is_waited_for_when_the_station_says_that_none_will_come(faults: Faults) -> None:
    """3.4: EmptyResultSet, Rejected, NotSupported."""

    async def case(scenario: str, end: tuple[Outcome, Failure | None]) -> None:
        async with faults.station(scenario) as faulty:
            began = time.monotonic()
            seen = await faulty.ask(GetMonitoringReport, seconds=60)
            assert seen.end == end
            assert time.monotonic() - began < 10
            assert end != COMPLETED or (seen.result.parts, seen.result.monitor) == (0, [])

    await together(
        case("report-empty", COMPLETED),
        case("report-rejected", (Outcome.REJECTED, Failure.REJECTED)),
        case("report-not-supported", (Outcome.REJECTED, Failure.NOT_SUPPORTED)),
    )


async def test_a_part_with_another_stations_request_id_changes_nothing_there(
    faults: Faults, name: str
) -> None:
    """3.4: what belongs together has the same station, kind of message and requestId."""
    async with (
        faults.station("customer-silent") as asked,
        bare_station(faults.installation, f"{name}-other") as other,
    ):
        command = await asked.begin(CustomerInformation, seconds=3, report=True, customer_identifier="Müller")
        (queued,) = await asked.until(CommandQueued)
        part = {"requestId": queued.request_id, "seqNo": 0, "generatedAt": AT, "data": "not mine"}
        assert await other.say("NotifyCustomerInformation", part) == {}
        report = {"requestId": queued.request_id, "seqNo": 0, "generatedAt": AT}
        assert await other.say("NotifyMonitoringReport", report) == {}
        seen = await asked.end(command)
        assert seen.end == (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
        told = faults.heard[f"{name}-other"]
        assert [part.command_id for part in told if isinstance(part, CustomerInformationPartReceived)] == [
            None
        ]
        assert [part.command_id for part in told if isinstance(part, MonitoringReportPartReceived)] == [None]


@pytest.mark.abuse(
    "21 a report that is too large", "the command fails as report_too_large with the first of it"
)
async def test_parts_of_a_mebibyte_are_taken_until_they_are_more_than_is_kept(
    faults: Faults, name: str
) -> None:
    """5.2: big messages, split at 65 kB or not at all. 3.4: caps on the size of a report."""
    long = {"name": "N" * 50, "instance": "I" * 50}
    monitor = {"id": 1, "transaction": False, "value": 1, "type": "Delta", "severity": 9}
    heavy = [{"component": long, "variable": long, "variableMonitoring": [monitor]}] * 2700
    counts = iter((1, 10))

    async def report(_: str, asked: Payload) -> None:
        parts = next(counts)
        for number in range(parts):
            part = {"requestId": asked["requestId"], "seqNo": number, "generatedAt": AT, "monitor": heavy}
            assert 900_000 < len(json.dumps(part)) < 2**20
            assert await station.say("NotifyMonitoringReport", {**part, "tbc": number + 1 < parts}) == {}

    async with bare_station(faults.installation, f"{name}-big") as station:
        station.then = report
        for end in (COMPLETED, (Outcome.FAILED, Failure.REPORT_TOO_LARGE)):
            command = GetMonitoringReport(station=f"{name}-big", deadline=now() + timedelta(seconds=40))
            await faults.operator.send(command)
            settled = await asyncio.wait_for(faults.operator.settle(command), 50)
            assert (settled.outcome, settled.failure) == end, settled.detail
            assert isinstance(settled.result, MonitoringReport)
            assert len(settled.result.monitor or ()) >= len(heavy)
            await station.done()
