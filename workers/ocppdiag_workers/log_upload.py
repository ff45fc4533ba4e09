"""The state machine of one log upload: what reports and files do to it, in any order and any number. Pure.

OCPP 2.0.1 N01: a failure is not the end while retries remain, Uploading may repeat, Uploaded is what the station
believes, and the file itself is what counts beside it.
"""

from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import (
    Event,
    LogBytesReceived,
    LogElsewhere,
    LogFile,
    LogStatusReported,
    LogUploadBroken,
    Outcome,
)
from ocppdiag_contracts.events import LogStored as LogStoredEvent
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_workers import news
from ocppdiag_workers.operation import Ending, Operation, State, Step, settle

GRACE_SECONDS = 60.0
"""How long after its next retry was due a station that reported a failure is given up."""

FAILURES = frozenset(
    {
        UploadLogStatus.BAD_MESSAGE,
        UploadLogStatus.NOT_SUPPORTED_OPERATION,
        UploadLogStatus.PERMISSION_DENIED,
        UploadLogStatus.UPLOAD_FAILURE,
    }
)


class Progress(Struct, frozen=True, omit_defaults=True):
    """What is known of one upload.

    `reported` is the status with the highest stamp, except that Uploaded stays; `failed` counts reported failures.
    """

    filename: str | None = None
    reported: str | None = None
    stamp: tuple[int, int] = (0, 0)
    failed: int = 0
    failed_at: float = 0.0
    broken: str | None = None
    location: str | None = None
    size: int = 0
    sha256: str = ""
    superseded_at: float | None = None


_PROGRESS = msgspec.json.Decoder(Progress)


def reported(operation: Operation, progress: Progress, item: news.LogStatus) -> Step:
    """The newest report counts, Uploaded stays, and a repeat says nothing new."""
    if item.stamp <= progress.stamp or progress.reported == UploadLogStatus.UPLOADED:
        return Step(operation)
    told: tuple[Event, ...] = ()
    if item.status != progress.reported:
        told = (
            LogStatusReported(
                **operation.event(f"status/{item.stamp[0]}.{item.stamp[1]}", item.at),
                violations=list(item.violations),
                payload=item.payload,
                request_id=item.request_id,
                status=item.status,
            ),
        )
    progress = replace(progress, reported=item.status, stamp=item.stamp)
    if item.status in FAILURES:
        progress = replace(progress, failed=progress.failed + 1, failed_at=item.at)
    return judged(operation, progress, told, item.at)


def broken(operation: Operation, progress: Progress, item: news.LogBroken) -> Step:
    """An upload ended early; the station may begin again."""
    told = LogUploadBroken(
        **operation.event(f"broken/{item.at:.3f}", item.at),
        bytes=item.bytes,
        reason=item.reason,
    )
    if progress.location:
        return Step(operation)
    return judged(operation, replace(progress, broken=item.reason), (told,), item.at)


def stored(operation: Operation, progress: Progress, item: news.LogStored) -> Step:
    """The first whole file is the file."""
    if progress.location:
        return Step(operation)
    file = item.file
    told = LogStoredEvent(
        **operation.event("stored", item.at),
        file=file,
    )
    progress = replace(
        progress,
        location=file.location,
        size=file.size,
        sha256=file.sha256,
        filename=progress.filename or file.filename,
    )
    return judged(operation, progress, (told,), item.at)


def arriving(operation: Operation, item: news.LogArriving) -> Step:
    """Bytes are told and not remembered."""
    told = LogBytesReceived(
        **operation.event(f"bytes/{item.at:.3f}", item.at),
        bytes=item.bytes,
        total=item.total,
    )
    return Step(operation, (told,))


def judged(operation: Operation, progress: Progress, told: tuple[Event, ...], at: float) -> Step:
    """Remember the progress, and end the operation when it says so."""
    over = at >= operation.due
    wake_at = operation.due
    given_up = False
    if progress.reported in FAILURES and not progress.location:
        command = operation.asked(GetLog)
        give_up_at = progress.failed_at + command.retry_interval + GRACE_SECONDS
        hopeless = progress.reported == UploadLogStatus.NOT_SUPPORTED_OPERATION
        given_up = hopeless or progress.failed > command.retries or at >= give_up_at or over
        wake_at = min(wake_at, give_up_at)
    if progress.superseded_at is not None:
        wake_at = min(wake_at, progress.superseded_at + GRACE_SECONDS)
    operation = replace(operation, details=Raw(msgspec.json.encode(progress)), wake_at=wake_at)

    def end(outcome: Outcome, failure: Failure, detail: str) -> Step:
        step = settle(operation, Ending(outcome, at, failure, detail))
        return Step(step.operation, (*told, *step.events))

    uploaded = progress.reported == UploadLogStatus.UPLOADED
    result = _log(operation, progress) if uploaded or (over and progress.location) else None
    if result:
        step = settle(operation, Ending(Outcome.COMPLETED, at), result)
        return Step(step.operation, (*told, *step.events))
    if progress.reported == UploadLogStatus.ACCEPTED_CANCELED:
        return end(Outcome.CANCELLED, Failure.SUPERSEDED, "the station dropped this upload for a newer one")
    if progress.broken == "too_large":
        return end(Outcome.FAILED, Failure.UPLOAD_TOO_LARGE, "the log is larger than the command allows")
    if given_up:
        return end(Outcome.FAILED, Failure.UPLOAD_FAILED, f"the station reported {progress.reported}")
    if progress.superseded_at is not None and (over or at >= progress.superseded_at + GRACE_SECONDS):
        return end(Outcome.CANCELLED, Failure.SUPERSEDED, "the station accepted a newer upload in its place")
    if over:
        return end(*_missing(operation, progress))
    return Step(operation, told)


def _missing(operation: Operation, progress: Progress) -> tuple[Outcome, Failure, str]:
    """Name what had not come by the deadline."""
    if progress.reported == UploadLogStatus.UPLOADED:
        return Outcome.FAILED, Failure.NO_FILE_RECEIVED, "the station reported Uploaded, and no file has come"
    if progress.reported is not None:
        last = f"the last report was {progress.reported}; neither Uploaded nor the file has come"
        return Outcome.EXPIRED, Failure.NOTHING_FOLLOWED, last
    if operation.state is State.ACCEPTED:
        broken = f"; an upload ended early ({progress.broken})" if progress.broken else ""
        return Outcome.EXPIRED, Failure.NOTHING_FOLLOWED, f"the station accepted; no upload has come{broken}"
    return Outcome.EXPIRED, Failure.NO_ANSWER, "the station has not answered the request"


def progress_of(operation: Operation) -> Progress:
    """What an operation remembers of its upload."""
    return _PROGRESS.decode(operation.details)


def _log(operation: Operation, progress: Progress) -> LogFile | LogElsewhere | None:
    """What there is to show: the file, or where the command wanted it, of which we see nothing."""
    if progress.location:
        return LogFile(
            location=progress.location,
            size=progress.size,
            sha256=progress.sha256,
            filename=progress.filename,
            reported=progress.reported,
        )
    destination = operation.asked(GetLog).remote_location
    if destination is None:
        return None
    return LogElsewhere(host=urlsplit(destination).hostname or "", filename=progress.filename)
