"""Deviations with monitors and events that stations show in the field: what a service sees of each."""

from typing import Any

import pytest
from quirks import Faults, together

from ocppdiag_contracts import Failure, Outcome
from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from ocppdiag_contracts.events import EventReported, MonitoringReportPartReceived, SecurityEventReported
from ocppdiag_contracts.versions import OcppVersion

V201, V20 = OcppVersion.V201, OcppVersion.V20
COMPLETED = (Outcome.COMPLETED, None)
REJECTED = (Outcome.REJECTED, Failure.REJECTED)
NOT_SUPPORTED = (Outcome.REJECTED, Failure.NOT_SUPPORTED)
PARTLY_DONE = (Outcome.FAILED, Failure.PARTLY_DONE)
MONITORS = [
    {
        "component": {"name": "EVSE", "evse": {"id": evse}},
        "variable": {"name": "Power"},
        "type": kind,
        "value": 900.0,
        "severity": 6,
    }
    for evse in (1, 2)
    for kind in ("Delta", "UpperThreshold", "LowerThreshold")
]
SET: dict[str, Any] = {"set_monitoring_data": MONITORS}
CUSTOM = [10, 11, 12, 13, 14, 15]
"""The ids that a simulated station gives them."""


async def test_a_kind_where_2_0_1_has_none_is_a_violation_and_the_report_is_whole(faults: Faults) -> None:
    """5.2: eventNotificationType in a report of 2.0.1, which forbids it there; 2.0 does not."""

    async def case(version: OcppVersion, violation: str | None) -> None:
        async with faults.station("report-kind", version) as faulty:
            seen = await faulty.ask(GetMonitoringReport)
            assert (seen.end, len(seen.result.monitor)) == (COMPLETED, 7)
            part = seen.of(MonitoringReportPartReceived)[0]
            assert (violation in part.violations) is bool(violation)
            assert ("eventNotificationType" in str(part.payload)) is bool(violation)
            assert faulty.refused == []

    await together(
        case(V201, "monitor.0.variableMonitoring.0.eventNotificationType: extra_forbidden"), case(V20, None)
    )


async def test_an_event_without_its_kind_is_told_all_the_same(faults: Faults) -> None:
    """5.2: eventNotificationType is missing in NotifyEvent of 2.0.1, which needs it; 2.0 has none."""

    async def case(version: OcppVersion, violations: list[str]) -> None:
        async with faults.station("event-kind-missing", version) as faulty:
            await faulty.station.notify("EVSE", "Problem", True, evse=1)
            (event,) = await faulty.until(EventReported)
            assert (event.event_notification_type, event.violations) == (None, violations)
            await faulty.goes_on()
            assert faulty.refused == []

    await together(case(V201, ["eventData.0.eventNotificationType: missing"]), case(V20, []))


async def test_no_results_at_all_mean_that_nothing_was_set(faults: Faults) -> None:
    """5.2: `setMonitoringResult: []`."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("set-monitoring-empty", version) as faulty:
            seen = await faulty.ask(SetVariableMonitoring, **SET)
            assert seen.end == REJECTED
            assert [result.status for result in seen.result.results] == [None] * len(MONITORS)

    await together(case(V201), case(V20))


async def test_a_station_without_monitoring_is_shown_so(faults: Faults) -> None:
    """5.2: CALLERROR NotImplemented for N02 to N06 when monitoring is off. N02, N03: answered NotSupported."""
    asked: tuple[tuple[Any, dict[str, Any]], ...] = (
        (GetMonitoringReport, {}),
        (SetMonitoringBase, {"monitoring_base": "All"}),
        (SetMonitoringLevel, {"severity": 5}),
        (SetVariableMonitoring, SET),
        (ClearVariableMonitoring, {"monitor_ids": [1, 2, 3]}),
    )

    async def case(scenario: str, rest: tuple[Outcome, Failure], version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            ends = [(await faulty.ask(kind, **fields)).end for kind, fields in asked]
            assert ends == [NOT_SUPPORTED, NOT_SUPPORTED, rest, rest, rest]
            assert faulty.refused == []

    await together(
        case("monitoring-not-implemented", NOT_SUPPORTED, V201),
        case("monitoring-not-implemented", NOT_SUPPORTED, V20),
        case("monitoring-not-supported", REJECTED, V201),
    )


async def test_a_refusal_is_shown_with_what_the_station_said(faults: Faults) -> None:
    """5.2: SetMonitoringBase Rejected; N04, N05, N06 likewise, item by item."""

    async def case(scenario: str, kind: Any, said: list[str], **fields: Any) -> None:  # noqa: ANN401
        async with faults.station(scenario) as faulty:
            seen = await faulty.ask(kind, **fields)
            assert seen.end == REJECTED
            results = getattr(seen.result, "results", [seen.result])
            assert [result.status for result in results] == said

    await together(
        case("base-rejected", SetMonitoringBase, ["Rejected"], monitoring_base="FactoryDefault"),
        case("level-rejected", SetMonitoringLevel, ["Rejected"], severity=5),
        case("set-monitoring-rejected", SetVariableMonitoring, ["Rejected"] * 6, **SET),
        case("clear-rejected", ClearVariableMonitoring, ["Rejected"] * 2, monitor_ids=[2, 3]),
    )


async def test_results_are_found_in_any_order_and_a_lost_one_is_shown_as_lost(faults: Faults) -> None:
    """N04.FR.01, N04.FR.02, N06.FR.05: one result an item, in an order that is not promised."""

    async def case(scenario: str, last: str | None, end: tuple[Outcome, Failure | None]) -> None:
        async with faults.station(scenario) as faulty:
            seen = await faulty.ask(SetVariableMonitoring, **SET)
            assert seen.end == end
            results = seen.result.results
            assert [result.type for result in results] == [monitor["type"] for monitor in MONITORS]
            assert [result.status for result in results] == [*["Accepted"] * 5, last]
            assert [result.id for result in results[:5]] == CUSTOM[:5]
            cleared = await faulty.ask(ClearVariableMonitoring, monitor_ids=CUSTOM)
            assert [result.id for result in cleared.result.results] == CUSTOM
            assert [result.status for result in cleared.result.results] == [*["Accepted"] * 5, last]

    await together(case("results-reversed", "Accepted", COMPLETED), case("results-lost", None, PARTLY_DONE))


async def test_no_request_is_more_than_the_station_says_that_it_takes(faults: Faults) -> None:
    """N04.FR.09, N06.FR.04, .07: limits in items and in bytes; 3.10: none that it tells."""

    async def case(scenario: str, requests: int, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            assert (await faulty.ask(SetVariableMonitoring, **SET)).end == COMPLETED
            assert (await faulty.ask(ClearVariableMonitoring, monitor_ids=CUSTOM)).end == COMPLETED
            assert faulty.asked.count("SetVariableMonitoring") == requests
            assert faulty.asked.count("GetVariables") == 2

    await together(
        *[case("limits-small", 3, version) for version in OcppVersion],
        *[case("limits-small-bytes", 3, version) for version in OcppVersion],
        *[case("limits-unknown", 1, version) for version in OcppVersion],
    )


@pytest.mark.parametrize("scenario", ["events-all-zero", "events-numbered", "event-ids-collide"])
async def test_each_event_is_taken_for_itself(faults: Faults, scenario: str) -> None:
    """5.2: every NotifyEvent has seqNo 0 and no tbc; eventIds collide. N07.FR.07: or they count on."""

    async def case(version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            for value in (23_000, 0, 23_000):
                await faulty.station.set_variable("EVSE", "Power", value, evse=1)
            events = await faulty.until(EventReported, 3)
            assert [(event.actual_value, event.cleared) for event in events] == [
                ("23000", False),
                ("0", True),
                ("23000", False),
            ]
            assert len({event.id for event in events}) == 3
            left_out = version is V20 and scenario == "events-all-zero"  # 2.0 wants tbc said
            assert {tuple(event.violations) for event in events} == {("tbc: missing",) if left_out else ()}
            assert faulty.refused == []

    await together(case(V201), case(V20))


async def test_an_alert_may_never_be_over_and_one_may_be_over_that_never_was(faults: Faults) -> None:
    """5.2: do not rely on cleared events. 3.6: `cleared` with no earlier alert."""
    async with (
        faults.station("alert-never-cleared") as open_ended,
        faults.station("cleared-without-alert") as unheard,
    ):
        for value in (23_000, 0, 23_000):
            await open_ended.station.set_variable("EVSE", "Power", value, evse=1)
        assert [event.cleared for event in await open_ended.until(EventReported, 2)] == [False, False]
        assert [event.cleared for event in await unheard.until(EventReported)] == [True]
        assert open_ended.refused == unheard.refused == []


async def test_an_event_without_a_monitor_is_told_with_all_that_it_says(faults: Faults) -> None:
    """5.2: faults as variable Problem, with techCode and techInfo. N07.FR.10: a value that cannot be read."""

    async def case(scenario: str, version: OcppVersion, *said: str | None) -> None:
        async with faults.station(scenario, version) as faulty:
            (event,) = await faulty.until(EventReported)
            assert (event.variable.name, event.actual_value, event.tech_code, event.tech_info) == said
            assert event.variable_monitoring_id is None
            assert faulty.refused == []

    for version in OcppVersion:
        await together(
            case("problem-event", version, "Problem", "true", "E-17", "residual current"),
            case("write-only-event", version, "BasicAuthPassword", "", None, None),
        )


async def test_events_are_told_whenever_they_happened_and_however_many(faults: Faults) -> None:
    """3.6: late and out of order; 200 after a boot, none lost."""
    async with faults.station("events-late") as late, faults.station("event-storm") as storm:
        await late.station.notify("EVSE", "Problem", True, evse=1)
        (event,) = await late.until(EventReported)
        assert event.happened_at.isoformat() == "2026-01-02T10:00:00+00:00"
        events = await storm.until(EventReported, 200)
        assert [event.event_id for event in events] == list(range(9001, 9201))
        assert late.refused == storm.refused == []


async def test_security_events_are_known_again_and_may_have_any_name(faults: Faults) -> None:
    """3.9: told twice, it has the same id. 5.5: names of the other version."""

    async def case(scenario: str, kind: str, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            events = await faulty.until(SecurityEventReported, 2)
            assert {event.type for event in events} == {kind}
            assert len({event.id for event in events}) == 1
            assert faulty.refused == []

    for version in OcppVersion:
        await together(
            case("security-event", "TamperDetectionActivated", version),
            case("security-event-16", "FailedToAuthenticateAtCentralSystem", version),
        )


async def test_a_report_of_hundreds_of_parts_keeps_nobody_from_asking(faults: Faults) -> None:
    """3.4, 5.5: 5000 variables; the directions are independent, so another command is carried out meanwhile."""
    async with faults.station("more-monitors", V20) as faulty:
        report = await faulty.begin(GetMonitoringReport, seconds=60)
        await faulty.until(MonitoringReportPartReceived)
        await faulty.goes_on()
        assert len(faulty.of(MonitoringReportPartReceived)) < 500
        seen = await faulty.end(report)
        assert (seen.end, len(seen.result.monitor), seen.result.parts) == (COMPLETED, 5000, 500)
        assert faulty.refused == []
