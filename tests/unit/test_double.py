"""What the in-memory double has beside the client: a station that speaks by itself, and what was sent."""

from datetime import UTC, datetime

import pytest

from ocppdiag_client.testing import InMemoryDiagnostics
from ocppdiag_contracts import Failure, GetLog, LogType
from ocppdiag_contracts.events import CustomerInformationPartReceived, LogElsewhere, SecurityEventReported

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAMPERED = SecurityEventReported(
    id="x", time=NOW, station="CS-1", type="TamperDetectionActivated", happened_at=NOW
)


async def test_who_looks_on_hears_what_a_station_says_by_itself_under_his_keys() -> None:
    double = InMemoryDiagnostics()
    async with double.listen("security_event_reported.CS-1") as one, double.listen() as everything:
        double.tell(TAMPERED.model_copy(update={"station": "CS-2"}))
        double.tell(TAMPERED)
        assert await anext(one) == TAMPERED
        assert (await anext(everything)).station == "CS-2"


async def test_nobody_who_looks_on_hears_what_is_personal() -> None:
    double = InMemoryDiagnostics()
    part = CustomerInformationPartReceived(
        id="x", time=NOW, station="CS-1", command_id=None, request_id=1, seq_no=0, tbc=False, generated_at=NOW,
        data="canary",
    )  # fmt: skip
    async with double.listen("customer_information_part_received.*") as heard:
        double.tell(part)
        assert "canary" not in (await anext(heard)).model_dump_json()


async def test_a_log_that_goes_elsewhere_is_nowhere_of_ours() -> None:
    double = InMemoryDiagnostics()
    double.add_station("CS-1")
    command = GetLog(station="CS-1", remote_location="sftp://joe:canary@archive.example.com/in/")
    await double.send(command)
    events = [event async for event in double.follow(command)]
    end = await double.settle(command)
    assert isinstance(end.result, LogElsewhere)
    assert end.result.host == "archive.example.com"
    assert "log_stored" not in [event.event for event in events]
    assert "canary" not in "".join(event.model_dump_json() for event in events)


async def test_what_was_sent_is_there_for_assertions_and_failures_are_as_told() -> None:
    double = InMemoryDiagnostics()
    double.add_failing_station("CS-1", Failure.BUSY)
    command = GetLog(station="CS-1", log_type=LogType.SECURITY)
    await double.send(command)
    end = await double.settle(command)
    assert double.sent == [command]
    assert (end.failure, end.retry) == (Failure.BUSY, Failure.BUSY.retry)


def test_a_station_needs_a_possible_name() -> None:
    with pytest.raises(ValueError, match="must be"):
        InMemoryDiagnostics().add_station("a/b")
