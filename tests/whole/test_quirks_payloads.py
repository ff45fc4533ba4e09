"""Payloads that break their schemas as stations' really do: read for what they mean, told with what was wrong, or refused."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from bare import bare_station
from quirks import Faults, Faulty, together

from ocppdiag_contracts import Failure, GetLog, Outcome
from ocppdiag_contracts.commands import CustomerInformation, GetMonitoringReport, SetMonitoringLevel
from ocppdiag_contracts.events import (
    ConnectorStatusReported,
    CustomerInformationPartReceived,
    EventReported,
    LogStatusReported,
    ReportedEvent,
    StationBooted,
)
from ocppdiag_contracts.model import now
from ocppdiag_contracts.versions import OcppVersion

V201, V20 = OcppVersion.V201, OcppVersion.V20
COMPLETED = (Outcome.COMPLETED, None)
UTC_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def everything(faulty: Faulty) -> None:
    """Ask for all that stations bring, have an event, and be none the worse."""
    assert (await faulty.ask(GetLog)).end == COMPLETED
    assert (await faulty.ask(GetMonitoringReport)).end == COMPLETED
    assert (await faulty.ask(CustomerInformation, report=True, customer_identifier="Müller")).end == COMPLETED
    await faulty.station.set_variable("ChargingStation", "Temperature", 90)
    await faulty.until(EventReported)
    await faulty.goes_on()
    assert faulty.refused == []


def wrong(faulty: Faulty) -> set[str]:
    """What kinds of faults the station's messages had; each is there as it was sent, but for what may hold secrets."""
    told = faulty.of(ReportedEvent)
    for event in told:
        withheld = isinstance(event, CustomerInformationPartReceived | LogStatusReported)
        assert bool(event.payload) is (bool(event.violations) and not withheld)
    return {violation.rpartition(": ")[2] for event in told for violation in event.violations}


@pytest.mark.parametrize("version", list(OcppVersion))
async def test_times_are_read_for_what_they_mean(faults: Faults, version: OcppVersion) -> None:
    """5.4: time without a zone, zone +02, Java's zone, nine digits; an offset is right."""

    async def case(scenario: str, written: str, meant: str, *, violation: bool) -> None:
        async with faults.station(scenario, version) as faulty:
            await everything(faulty)
            for status in faulty.of(ConnectorStatusReported):
                assert status.violations == ["timestamp: value_error"] * violation
                if status.payload:
                    sent = status.payload["timestamp"]
                    assert sent[19:] == written
                    assert status.since == datetime.fromisoformat(sent[:19] + meant)
            offset = datetime.fromisoformat("2026-01-31T12:00:00" + meant).utcoffset() or timedelta()
            (event,) = faulty.of(EventReported)
            assert abs(event.time - event.happened_at - offset) < timedelta(seconds=10)

    await together(
        case("times-without-zone", "", "+00:00", violation=True),
        case("times-half-zone", "+02", "+02:00", violation=True),
        case("times-java", "Z[GMT]", "+00:00", violation=True),
        case("times-long-fraction", ".123456789Z", ".123+00:00", violation=True),
        case("times-offset", "+02:00", "+02:00", violation=False),
    )


async def test_an_empty_time_where_one_is_needed_is_refused_and_the_link_stays(faults: Faults) -> None:
    """5.4: empty string instead of a time; those of the messages that we hear must be there."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("times-empty", version) as faulty:
            seen = await faulty.ask(GetMonitoringReport, seconds=3)
            assert seen.end == (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
            assert "StatusNotification: OccurrenceConstraintViolation timestamp: missing" in faulty.refused
            assert (
                "NotifyMonitoringReport: OccurrenceConstraintViolation generatedAt: missing" in faulty.refused
            )
            await faulty.goes_on()

    await together(case(V201), case(V20))


@pytest.mark.parametrize("version", list(OcppVersion))
async def test_what_can_mean_only_one_thing_is_read_as_that(faults: Faults, version: OcppVersion) -> None:
    """5.4: over-long and empty strings, nulls, numbers as strings or fractions, members nobody knows, customData, EVSE 0."""

    async def case(scenario: str, *kinds: str) -> None:
        async with faults.station(scenario, version) as faulty:
            await everything(faulty)
            assert wrong(faulty) == set(kinds), scenario

    new = version is V201  # 2.0 lets a station add members of its own
    await together(
        case("strings-too-long", "string_too_long"),
        case("strings-empty"),
        case("nulls", *(("extra_forbidden", "null") if new else ("null",))),
        case("numbers-as-strings", "int_type"),
        case("numbers-as-floats", "int_type"),
        case("unknown-members", *(("extra_forbidden",) if new else ())),
        case("custom-data"),
        case("evse-zero"),
    )


async def test_what_is_too_long_is_cut_and_kept_whole_beside_it(faults: Faults) -> None:
    """5.4: over-long serial number, vendor, firmware, values, file names."""
    async with faults.station("strings-too-long") as faulty:
        (booted,) = faulty.of(StationBooted)
        assert (len(booted.vendor), len(booted.model), len(booted.serial_number or "")) == (50, 20, 25)
        assert booted.payload is not None
        assert len(booted.payload["chargingStation"]["vendorName"]) == 300
        await faulty.station.notify("EVSE", "Problem", True, evse=1)
        (event,) = await faulty.until(EventReported)
        assert len(event.actual_value) == 2500
        assert len((await faulty.ask(GetLog)).result.filename) == 255


async def test_what_is_empty_or_zero_stays_so(faults: Faults) -> None:
    """5.4: empty required strings; EVSE and connector 0."""
    async with faults.station("strings-empty") as empty, faults.station("evse-zero") as zero:
        (booted,) = empty.of(StationBooted)
        assert (booted.vendor, booted.model) == ("", "")
        statuses = await zero.until(ConnectorStatusReported, 2)
        assert {(status.evse_id, status.connector_id) for status in statuses} == {(0, 0)}
        await zero.station.set_variable("ChargingStation", "Temperature", 90)
        (event,) = await zero.until(EventReported)
        assert event.component.evse is not None
        assert event.component.evse.id == 0


async def test_an_alarm_is_told_whatever_its_trigger_and_a_number_that_does_not_fit_is_refused(
    faults: Faults,
) -> None:
    """5.4: enum values that are in no list; numbers that need more than 32 bits."""

    async def case(scenario: str, where: str, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            await faulty.station.notify("EVSE", "Problem", True, evse=1)
            assert faulty.refused == [f"NotifyEvent: PropertyConstraintViolation eventData.0.{where}"]
            why = f"eventData.0.{where}"
            assert faults.installation.said(
                "call_refused", station=faulty.name, action="NotifyEvent", why=why
            )
            await faulty.goes_on()
            assert not faulty.of(EventReported)

    async def status(version: OcppVersion) -> None:
        async with faults.station("unknown-status", version) as faulty:
            seen = await faulty.ask(SetMonitoringLevel, severity=9)
            assert seen.end == (Outcome.FAILED, Failure.STATION_ERROR)
            assert "status: enum" in seen.words
            await faulty.station.notify("EVSE", "Problem", True, evse=1)
            await faulty.until(EventReported)
            assert faulty.refused == []

    async def trigger(version: OcppVersion) -> None:
        async with faults.station("unknown-trigger", version) as faulty:
            await faulty.station.notify("EVSE", "Problem", True, evse=1)
            (event,) = await faulty.until(EventReported)
            assert event.trigger not in ("Alerting", "Delta", "Periodic")
            assert event.violations == ["eventData.0.trigger: enum"]
            assert faulty.refused == []

    await together(
        *[trigger(version) for version in OcppVersion],
        *[case("numbers-too-large", "eventId: less_than_equal", version) for version in OcppVersion],
        *[status(version) for version in OcppVersion],
    )


async def test_a_time_that_is_none_is_refused_and_the_link_stays(faults: Faults, name: str) -> None:
    """5.4: formats that JSON schema libraries do not check."""
    async with bare_station(faults.installation, name) as station:
        status = {"connectorStatus": "Faulted", "evseId": 1, "connectorId": 1}
        for text in ("yesterday", "2026-13-31T12:00:00Z", "31.01.2026 12:00", "1769860800", "2026-01-31"):
            answer = await station.exchange("StatusNotification", {**status, "timestamp": text})
            assert answer[0] == 4, answer
            assert answer[2] == "PropertyConstraintViolation"
        assert await station.say("StatusNotification", {**status, "timestamp": "2026-01-31T12:00:00Z"}) == {}


async def test_what_we_say_is_within_what_the_pickiest_station_takes(faults: Faults, name: str) -> None:
    """5.4: Z and whole seconds always, no null, no id 0, answers of nothing but `{}`."""
    operator = faults.operator
    async with bare_station(faults.installation, name) as station:
        station.answers = lambda _, __: {"status": "Rejected"}
        east: dict[str, Any] = {"station": name, "oldest_timestamp": "2026-01-31T14:00:00.123456+02:00"}
        by_name = CustomerInformation(station=name, report=True, customer_identifier="x")
        for command in (GetLog.model_validate(east), GetMonitoringReport(station=name), by_name):
            await operator.send(command)
            assert (await operator.settle(command)).failure == Failure.REJECTED
        assert "null" not in json.dumps(station.asked)
        (log, *_) = [payload for action, payload in station.asked if action == "GetLog"]
        assert log["log"]["oldestTimestamp"] == "2026-01-31T12:00:00Z"
        assert all(payload["requestId"] >= 1 for _, payload in station.asked)
        assert UTC_SECONDS.fullmatch((await station.say("Heartbeat", {}))["currentTime"])
        stamped = {"timestamp": now().isoformat(), "type": "FirmwareUpdated", "techInfo": "echo"}
        assert await station.say("SecurityEventNotification", stamped) == {}
        assert await station.say("LogStatusNotification", {"status": "Idle", "requestId": 0}) == {}
