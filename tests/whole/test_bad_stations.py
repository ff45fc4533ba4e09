"""What stations do wrong with a log: each ends in one clear final event, and the station beside it is untouched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from installation import Installation

from ocppdiag_contracts import CommandSettled, Failure, GetLog, Outcome
from ocppdiag_contracts.events import Event, LogFile, LogStatusReported, LogUploadBroken
from ocppdiag_contracts.model import now


@asynccontextmanager
async def a_good_one_beside_it(installation: Installation, name: str) -> AsyncIterator[None]:
    """Another station gets its log stored while the fault is on."""
    async with installation.station(f"{name}-good"), installation.diagnostics() as diagnostics:
        yield
        command = GetLog(station=f"{name}-good")
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 20)
        assert settled.outcome is Outcome.COMPLETED, settled


async def outcome(
    installation: Installation, name: str, scenario: str, *, seconds: float = 6, max_bytes: int | None = None
) -> tuple[CommandSettled, list[Event]]:
    async with (
        a_good_one_beside_it(installation, name),
        installation.station(name, scenario),
        installation.diagnostics() as diagnostics,
    ):
        command = GetLog(station=name, deadline=now() + timedelta(seconds=seconds), max_bytes=max_bytes)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), seconds + 5)
        return settled, [event async for event in diagnostics.follow(command)]


async def test_a_station_that_refuses(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "rejects")
    assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.REJECTED)


async def test_a_station_that_never_answers(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "never-answers", seconds=4)
    assert (settled.outcome, settled.failure) == (Outcome.EXPIRED, Failure.NO_ANSWER)


async def test_a_station_that_accepts_and_then_says_nothing(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "accepts-then-silent", seconds=3)
    assert (settled.outcome, settled.failure) == (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
    assert "no upload has come" in (settled.detail or "")


async def test_a_station_that_reports_an_upload_that_never_was(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "reports-without-file", seconds=3)
    assert (settled.outcome, settled.failure) == (Outcome.FAILED, Failure.NO_FILE_RECEIVED)


async def test_a_station_that_uploads_and_never_reports(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "file-without-report", seconds=4)
    assert settled.outcome is Outcome.COMPLETED
    assert isinstance(settled.result, LogFile)
    assert settled.result.reported is None


async def test_a_station_that_fails_twice_and_then_succeeds(installation: Installation, name: str) -> None:
    settled, events = await outcome(installation, name, "retries")
    assert settled.outcome is Outcome.COMPLETED
    reports = [event.status for event in events if isinstance(event, LogStatusReported)]
    assert reports.count("UploadFailure") == 2


async def test_a_station_that_uploads_too_much(installation: Installation, name: str) -> None:
    settled, events = await outcome(installation, name, "uploads-too-much", max_bytes=2**20)
    assert (settled.outcome, settled.failure) == (Outcome.FAILED, Failure.UPLOAD_TOO_LARGE)
    assert any(isinstance(event, LogUploadBroken) for event in events)
    assert not list(installation.logs.glob(f"{name}/*"))
    assert not list(installation.logs.glob(".incoming~/*"))


async def test_a_station_that_disconnects_in_the_middle_of_its_upload(
    installation: Installation, name: str
) -> None:
    settled, events = await outcome(installation, name, "vanishes-mid-upload", seconds=4)
    assert settled.outcome is Outcome.EXPIRED
    assert settled.failure is Failure.NOTHING_FOLLOWED
    assert any(isinstance(event, LogUploadBroken) and event.reason == "broken" for event in events)
    assert not list(installation.logs.glob(".incoming~/*"))


async def test_a_station_that_uploads_to_a_wrong_address(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "wrong-token", seconds=5)
    assert settled.outcome is Outcome.FAILED
    assert settled.failure is Failure.UPLOAD_FAILED
    assert installation.said("upload_refused", reason="unknown address")


async def test_a_station_that_uses_its_address_twice(installation: Installation, name: str) -> None:
    settled, _ = await outcome(installation, name, "used-token")
    assert settled.outcome is Outcome.COMPLETED
    assert installation.said("upload_refused", reason="address used", station=name)
    (stored,) = installation.logs.glob(f"{name}/*")
    assert isinstance(settled.result, LogFile)
    assert stored.stat().st_size == settled.result.size


@pytest.mark.abuse("26 another method", "405")
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_an_upload_address_takes_nothing_but_put_and_post(
    installation: Installation, method: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{installation.running.upload_url}/abc/") as response,
    ):
        assert response.status == 405
