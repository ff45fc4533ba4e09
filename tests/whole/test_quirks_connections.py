"""Deviations with frames and connections that stations show in the field: the link stays, and the next command works."""

import asyncio
import time

import pytest
from quirks import Faults, Faulty, together

from ocppdiag_contracts import Failure, GetLog, Outcome
from ocppdiag_contracts.commands import GetMonitoringReport, SetMonitoringLevel
from ocppdiag_contracts.events import (
    CommandSent,
    EventReported,
    StationBooted,
    StationConnected,
    StationDisconnected,
)
from ocppdiag_contracts.versions import OcppVersion

V201, V20 = OcppVersion.V201, OcppVersion.V20
COMPLETED = (Outcome.COMPLETED, None)


async def is_heard(faulty: Faulty) -> None:
    """What the station says by itself is answered, and told."""
    before = len(faulty.of(EventReported))
    await faulty.station.notify("EVSE", "Problem", True, evse=1)
    await faulty.until(EventReported, before + 1)


async def comes_again(faults: Faults, faulty: Faulty) -> asyncio.Task[None]:
    """The station connects once more; the result is its life on the new connection."""
    connections = len(faulty.of(StationConnected))
    life = asyncio.create_task(faulty.station.run(faults.installation.running.gateway_url))
    await faulty.until(StationConnected, connections + 1)
    return life


@pytest.mark.parametrize(
    "scenario",
    [
        "ids-repeated",
        "ids-empty",
        "ids-counted",
        "ids-long",
        "payload-null",
        "payload-missing",
        "noise",
        "answers-twice",
        "grumbles",
        "speaks-before-boot",
        "boots-never",
    ],
)
async def test_the_link_stays_and_everything_works(faults: Faults, scenario: str) -> None:
    """5.4: null or missing payloads, broken JSON, NUL. 5.5: ids, repeated answers, CALLERRORs to CALLRESULTs, no boot."""

    async def case(version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            assert (await faulty.ask(GetLog)).end == COMPLETED
            assert (await faulty.ask(GetMonitoringReport)).end == COMPLETED
            await is_heard(faulty)
            await faulty.goes_on()
            assert len(faulty.of(StationConnected)) == 1
            assert faulty.of(StationDisconnected) == []
            assert faulty.refused == []

    await together(case(V201), case(V20))


@pytest.mark.parametrize(
    ("scenario", "end", "words"),
    [
        ("error-four-members", (Outcome.FAILED, Failure.STATION_ERROR), "FormationViolation"),
        ("error-text-details", (Outcome.FAILED, Failure.STATION_ERROR), "out of memory"),
        ("error-unknown-code", (Outcome.FAILED, Failure.STATION_ERROR), "NoIdeaWhatYouMean"),
        ("not-implemented", (Outcome.REJECTED, Failure.NOT_SUPPORTED), "NotImplemented"),
        ("rejects", (Outcome.REJECTED, Failure.REJECTED), "Rejected"),
    ],
)
async def test_an_error_of_any_shape_is_shown_at_once_and_the_link_stays(
    faults: Faults, scenario: str, end: tuple[Outcome, Failure], words: str
) -> None:
    """5.5: CALLERROR of four members, details as text, codes that nobody knows."""

    async def case(version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            for _ in range(2):
                seen = await faulty.ask(SetMonitoringLevel, seconds=60, severity=9)
                assert seen.end == end
                assert words in seen.words
            await is_heard(faulty)
            assert faulty.of(StationDisconnected) == []

    began = time.monotonic()
    await together(case(V201), case(V20))
    assert time.monotonic() - began < 10


async def test_a_station_that_does_not_answer_is_answered_all_the_same(faults: Faults) -> None:
    """5.5: both directions are independent; what is not answered ends at the deadline."""
    async with faults.station("never-answers") as faulty:
        unanswered = await faulty.begin(SetMonitoringLevel, seconds=3, severity=9)
        await faulty.until(CommandSent)
        began = time.monotonic()
        await is_heard(faulty)
        assert time.monotonic() - began < 1.5, "our CALL has not timed out yet"
        assert (await faulty.end(unanswered)).end == (Outcome.EXPIRED, Failure.NO_ANSWER)


@pytest.mark.parametrize(("scenario", "boots"), [("good", 1), ("boots-always", 2), ("boots-never", 0)])
async def test_a_station_may_boot_at_each_connection_or_never(
    faults: Faults, scenario: str, boots: int
) -> None:
    """5.6: BootNotification at every reconnect, or never: both fine."""

    async def case(version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            await faulty.station.close()
            await faulty.until(StationDisconnected)
            life = await comes_again(faults, faulty)
            await is_heard(faulty)
            await faulty.goes_on()
            assert len(faulty.of(StationBooted)) == boots
            assert faulty.refused == []
            await faulty.station.close()
            await life

    await together(case(V201), case(V20))


async def test_a_station_that_comes_and_goes_is_there_in_the_end(faults: Faults) -> None:
    """5.6: 20 connections that are closed as soon as they are up, one that stays."""
    async with faults.station("reconnects") as faulty, faults.station("good") as beside:
        await faulty.until(StationConnected, 21)
        await faulty.goes_on()
        await is_heard(faulty)
        assert len(faulty.of(StationConnected)) == len(faulty.of(StationDisconnected)) + 1
        await beside.goes_on()


async def test_a_station_that_vanishes_over_a_request_is_told_at_once_and_may_come_back(
    faults: Faults,
) -> None:
    """5.6: the connection goes with our CALL under way."""
    async with faults.station("vanishes-when-asked") as faulty:
        for _ in range(2):
            seen = await faulty.ask(GetLog, seconds=60)
            assert seen.end == (Outcome.FAILED, Failure.CONNECTION_LOST)
            life = await comes_again(faults, faulty)
            await is_heard(faulty)
        await faulty.station.close()
        await life
