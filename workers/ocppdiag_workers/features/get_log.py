"""GetLog: have a station upload a log, and follow it until it is stored (OCPP N01)."""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from ocppdiag_contracts import upload_token as tokens
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandAccepted, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.topology import OWNER
from ocppdiag_ocpp.messages.get_log import GetLogResponse, LogStatus
from ocppdiag_ocpp.receive import UnreadableError, receive
from ocppdiag_workers import dialect, log_upload, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Operation, State, Step, instant, settle

FAMILY = "log"
"""GetLog's requestIds, which LogStatusNotification answers to."""


def ask(operation: Operation, house: House) -> Ask:
    """The CALL: always with retries and interval, because stations differ in what they take for granted."""
    command = operation.asked()
    token = tokens.UploadToken(
        station=operation.station,
        tag=operation.id,
        owner=OWNER,
        expires=int(operation.due),
        max_bytes=min(command.max_bytes or house.max_upload_bytes, house.max_upload_bytes),
    )
    fields = {
        "log_type": command.log_type.value,
        "request_id": operation.request_id,
        "retries": command.retries,
        "retry_interval": command.retry_interval,
        "log": {
            # The slash at the end lets a station append its file name (N01.FR.21 of OCPP 2.1).
            "remote_location": f"{house.upload_url}/{tokens.sign(token, house.upload_key)}/",
            "oldest_timestamp": command.oldest_timestamp,
            "latest_timestamp": command.latest_timestamp,
        },
    }
    return Ask("GetLog", dialect.request("GetLog", operation.version, fields))


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """What news does to a log that is under way."""
    progress = log_upload.progress_of(operation)
    match item:
        case news.Answered():
            return _answered(operation, progress, item)
        case news.LogStatus():
            return log_upload.reported(operation, progress, item)
        case news.LogArriving():
            return log_upload.arriving(operation, item)
        case news.LogBroken():
            return log_upload.broken(operation, progress, item)
        case news.LogStored():
            return log_upload.stored(operation, progress, item)
        case news.Superseded():
            superseded = replace(progress, superseded_at=progress.superseded_at or item.at)
            return log_upload.judged(operation, superseded, (), item.at)
        case news.Woke():
            return log_upload.judged(operation, progress, (), item.at)
    assert_never(item)


def _answered(operation: Operation, progress: log_upload.Progress, item: news.Answered) -> Step:
    if operation.state not in (State.QUEUED, State.SENT):
        # Told again after a crash: whether the others heard of it is not known.
        return Step(operation, supersedes=operation.state is State.ACCEPTED and progress.superseding)
    try:
        response = receive(GetLogResponse, item.payload).message
    except UnreadableError as error:
        detail = f"the station's answer is not readable: {error}"
        return settle(operation, Outcome.FAILED, item.at, failure=Failure.STATION_ERROR, detail=detail)
    if response.status is LogStatus.REJECTED:
        why = response.status_info.reason_code if response.status_info else "no reason given"
        return settle(
            operation,
            Outcome.REJECTED,
            item.at,
            failure=Failure.REJECTED,
            detail=f"the station rejected: {why}",
        )
    superseding = response.status is LogStatus.ACCEPTED_CANCELED
    accepted = CommandAccepted(
        id=operation.event_id("accepted"),
        time=instant(item.at),
        station=operation.station,
        command_id=operation.id,
        status=response.status.value,
        filename=response.filename,
    )
    step = log_upload.judged(
        replace(operation, state=State.ACCEPTED),
        replace(progress, filename=response.filename, superseding=superseding),
        (accepted,),
        item.at,
    )
    return Step(step.operation, step.events, supersedes=superseding)


FEATURE = Feature(
    work=Work(
        command=GetLog,
        family=FAMILY,
        details=msgspec.json.encode(log_upload.Progress()),
        ask=ask,
        learn=learn,
    )
)
