"""Deviations with logs that stations show in the field, and the rules of an upload's life: what a service sees."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from bare import Payload, bare_station
from quirks import Faults, together

from ocppdiag_contracts import Failure, GetLog, Outcome
from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import (
    CommandAccepted,
    CommandQueued,
    LogStatusReported,
    LogStored,
    StationDisconnected,
)
from ocppdiag_contracts.model import now
from ocppdiag_contracts.versions import OcppVersion

V201, V20 = OcppVersion.V201, OcppVersion.V20
STALE = 1_879_048_193
COMPLETED = (Outcome.COMPLETED, None)
UPLOAD_FAILED = (Outcome.FAILED, Failure.UPLOAD_FAILED)
SUPERSEDED = (Outcome.CANCELLED, Failure.SUPERSEDED)


def since(minutes: float) -> dict[str, Any]:
    """Ask for a part of the log: some 4 kB a minute."""
    return {"oldest_timestamp": now() - timedelta(minutes=minutes)}


async def test_a_status_of_no_request_is_taken_for_the_only_upload(faults: Faults) -> None:
    """5.1: the requestId is absent, is always 0, or was never given out."""

    async def case(scenario: str, request_id: int | None, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            seen = await faulty.ask(GetLog, seconds=3)
            assert (seen.end, seen.result.reported) == (COMPLETED, "Uploaded")
            reports = [(report.request_id, report.status) for report in faulty.of(LogStatusReported)]
            assert reports == [(request_id, "Uploading"), (request_id, "Uploaded")]
            assert None not in {report.command_id for report in faulty.of(LogStatusReported)}
            assert faulty.refused == []

    ids = {"log-id-absent": None, "log-id-zero": 0, "log-id-stale": STALE}
    await together(*[case(scenario, ids[scenario], version) for scenario in ids for version in OcppVersion])


async def test_idle_is_no_news_for_an_upload_whatever_id_it_has(faults: Faults, name: str) -> None:
    """5.1: a stale requestId although idle. 3.3: Idle by itself, after Uploaded or before it."""

    async def stale(version: OcppVersion) -> None:
        async with faults.station("idle-id-stale", version) as faulty:
            assert (await faulty.ask(GetLog)).end == COMPLETED
            seen = await faulty.ask(TriggerLogStatus)
            assert (seen.end, seen.result.status, seen.result.request_id) == (COMPLETED, "Idle", STALE)
            assert faulty.refused == []

    async def afterwards(version: OcppVersion) -> None:
        async with faults.station("idle-afterwards", version) as faulty:
            assert (await faulty.ask(GetLog)).end == COMPLETED
            last = (await faulty.until(LogStatusReported, 3))[-1]
            assert (last.status, last.command_id) == ("Idle", None)
            assert faulty.refused == []

    async def too_early() -> None:
        async with bare_station(faults.installation, f"{name}-bare") as station:

            async def say(_: str, asked: Payload) -> None:
                for status in ("Uploading", "Idle"):
                    await station.say(
                        "LogStatusNotification", {"status": status, "requestId": asked["requestId"]}
                    )

            station.then = say
            command = GetLog(station=f"{name}-bare", deadline=now() + timedelta(seconds=3))
            await faults.operator.send(command)
            assert "the last report was Uploading" in ((await faults.operator.settle(command)).detail or "")

    await together(too_early(), *[case(version) for case in (stale, afterwards) for version in OcppVersion])


@pytest.mark.parametrize(
    ("scenario", "told"), [("canceled-early", True), ("canceled-late", True), ("canceled-never", False)]
)
async def test_an_upload_that_is_dropped_for_a_newer_one_is_superseded(
    faults: Faults, scenario: str, *, told: bool
) -> None:
    """5.1, 3.3: AcceptedCanceled of the old upload comes early, late or never; at its deadline we know all the same."""
    async with faults.station(scenario) as faulty:
        old = await faulty.begin(GetLog, seconds=4)
        await faulty.until(LogStatusReported)
        newer = await faulty.ask(GetLog, **since(1))
        assert newer.end == COMPLETED
        assert newer.of(CommandAccepted)[0].status == "AcceptedCanceled"
        seen = await faulty.end(old)
        assert seen.end == SUPERSEDED, seen.settled
        assert ("AcceptedCanceled" in [report.status for report in seen.of(LogStatusReported)]) is told
        assert faulty.refused == []


async def test_a_station_may_upload_two_logs_at_once_or_refuse_the_second(faults: Faults) -> None:
    """3.3: Accepted to a second GetLog, both uploaded; or Rejected because it is busy."""

    async def case(scenario: str, second: tuple[Outcome, Failure | None]) -> None:
        async with faults.station(scenario) as faulty:
            first = await faulty.begin(GetLog, **since(15))
            await faulty.until(LogStatusReported)
            assert (await faulty.ask(GetLog, **since(1))).end == second
            assert (await faulty.end(first)).end == COMPLETED

    await together(
        case("uploads-both", COMPLETED), case("busy-uploading", (Outcome.REJECTED, Failure.REJECTED))
    )


async def test_a_status_that_repeats_is_told_once(faults: Faults) -> None:
    """5.1: Uploading is said 50 times."""
    async with faults.station("uploading-repeated") as faulty:
        seen = await faulty.ask(GetLog)
        assert seen.end == COMPLETED
        assert [report.status for report in seen.of(LogStatusReported)] == ["Uploading", "Uploaded"]
        assert faulty.refused == []


async def test_a_status_before_the_answer_belongs_to_its_log(faults: Faults) -> None:
    """5.1, 3.3: Uploading comes before the GetLogResponse."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("status-before-answer", version) as faulty:
            seen = await faulty.ask(GetLog)
            assert seen.end == COMPLETED
            assert [report.status for report in seen.of(LogStatusReported)] == ["Uploading", "Uploaded"]
            assert seen.of(CommandAccepted)

    await together(case(V201), case(V20))


async def test_a_failure_of_which_nothing_is_said_ends_at_the_deadline_and_a_trigger_asks(
    faults: Faults,
) -> None:
    """5.1: no status at all after a failure: deadline and trigger. 3.3: a trigger resolves what is overdue."""
    async with faults.station("upload-fails-silently") as faulty:
        log = await faulty.begin(GetLog, seconds=3, retries=0)
        await faulty.until(LogStatusReported)
        assert (await faulty.ask(TriggerLogStatus)).result.status == "Idle"
        seen = await faulty.end(log)
        assert seen.end == (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
        assert "the last report was Uploading" in seen.words


async def test_a_trigger_says_which_upload_is_under_way(faults: Faults) -> None:
    """3.3: TriggerMessage while it uploads (F06.FR.14)."""
    async with faults.station("slow-upload") as faulty:
        log = await faulty.begin(GetLog, **since(15))
        await faulty.until(LogStatusReported)
        status = (await faulty.ask(TriggerLogStatus)).result
        seen = await faulty.end(log)
        assert (status.status, status.request_id) == ("Uploading", seen.of(CommandQueued)[0].request_id)
        assert seen.end == COMPLETED


async def test_a_failed_upload_is_the_end_once_no_retry_is_left(faults: Faults) -> None:
    """3.3, N01.FR.10: failed, then Uploading again with the same id; reported each time, or after the last only."""

    async def case(scenario: str, word: str, failures: int, retries: int) -> None:
        async with faults.station(scenario) as faulty:
            seen = await faulty.ask(GetLog, seconds=4, retries=retries)
            assert seen.end == UPLOAD_FAILED
            assert word in seen.words
            reports = [report.status for report in seen.of(LogStatusReported)]
            assert (reports.count(word), set(reports)) == (failures, {"Uploading", word})

    await together(
        case("upload-fails", "UploadFailure", 3, 2),
        case("upload-fails", "UploadFailure", 1, 0),
        case("upload-fails-at-last", "UploadFailure", 1, 2),
        case("upload-bad-message", "BadMessage", 3, 2),
        case("upload-permission-denied", "PermissionDenied", 3, 2),
        case("ftp-only", "NotSupportedOperation", 1, 2),  # 5.1: only ftp://, and we have only http://
    )


async def test_a_status_that_has_another_messages_name_is_read_as_meant(faults: Faults) -> None:
    """5.1: UploadFailed instead of UploadFailure; what was said is kept beside what it means."""

    async def case(version: OcppVersion) -> None:
        async with faults.station("status-misspelt", version) as faulty:
            seen = await faulty.ask(GetLog, retries=0)
            assert seen.end == UPLOAD_FAILED
            failed = seen.of(LogStatusReported)[-1]
            assert (failed.status, failed.violations) == ("UploadFailure", ["status: enum"])
            assert failed.payload is not None
            assert failed.payload["status"] == "UploadFailed"
            assert faulty.refused == []

    await together(case(V201), case(V20))


async def test_a_station_may_name_the_file_itself_or_not_at_all(faults: Faults) -> None:
    """5.1: the station appends "/" and its own file name to any location. N01.FR.01: no file name."""

    async def case(scenario: str, *, named: bool, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            seen = await faulty.ask(GetLog)
            assert seen.end == COMPLETED
            assert seen.result.filename == (f"{faulty.name}-DiagnosticsLog.log" if named else None)
            assert seen.of(LogStored)[0].file.size == seen.result.size > 0

    cases = [partial(case, "appends-filename", named=True), partial(case, "no-filename", named=False)]
    await together(*[each(version=version) for each in cases for version in OcppVersion])


async def test_a_station_that_is_gone_over_a_request_ends_it_at_the_deadline(faults: Faults) -> None:
    """5.1: a GetLog made the station reboot."""
    async with faults.station("reboots-on-get-log") as faulty:
        seen = await faulty.ask(GetLog, seconds=3)
        assert seen.end == (Outcome.EXPIRED, Failure.NOTHING_FOLLOWED)
        assert faulty.of(StationDisconnected)


async def test_retries_are_always_said_so_that_none_are_taken_for_granted(faults: Faults) -> None:
    """5.1: retries misread; one that takes them for attempts still has one left, but for a single retry."""

    async def case(retries: int, end: tuple[Outcome, Failure | None]) -> None:
        async with faults.station("retries-misread") as faulty:
            assert (await faulty.ask(GetLog, seconds=3, retries=retries)).end == end

    await together(case(2, COMPLETED), case(1, UPLOAD_FAILED))


async def test_a_station_that_does_not_know_get_log_is_shown_so(faults: Faults) -> None:
    """5.1: CALLERROR NotImplemented or NotSupported; 2.x has nothing to fall back on."""

    async def case(scenario: str, version: OcppVersion) -> None:
        async with faults.station(scenario, version) as faulty:
            seen = await faulty.ask(GetLog)
            assert seen.end == (Outcome.REJECTED, Failure.NOT_SUPPORTED)
            await faulty.goes_on()

    names = ("get-log-not-implemented", "get-log-not-supported")
    await together(*[case(name, version) for name in names for version in OcppVersion])


async def test_an_answer_after_its_time_still_counts(faults: Faults) -> None:
    """3.3, 5.5: a timeout does not mean that the station did not start; late answers."""
    async with faults.station("answers-late") as faulty:
        assert (await faulty.ask(GetLog, seconds=12)).end == COMPLETED
