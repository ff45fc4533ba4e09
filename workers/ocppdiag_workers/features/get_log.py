"""GetLog: have a station upload a log, and follow it until it is stored (OCPP N01)."""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from ocppdiag_contracts import upload_token as tokens
from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.topology import OWNER
from ocppdiag_ocpp.messages.get_log import GetLogResponse, LogStatus
from ocppdiag_ocpp.receive import UnreadableError, receive
from ocppdiag_workers import calls, dialect, lifecycle, log_upload, news
from ocppdiag_workers.destinations import allowed
from ocppdiag_workers.feature import Ask, Feature, House, NotAskableError, Work
from ocppdiag_workers.operation import Operation, State, Step

FAMILY = "log"
"""GetLog's requestIds, which LogStatusNotification answers to."""


def ask(operation: Operation, house: House) -> Ask:
    """The CALL: always with retries and interval, because stations differ in what they take for granted."""
    command = operation.asked(GetLog)
    if command.remote_location and not allowed(command.remote_location, house.destinations):
        raise NotAskableError(calls.DESTINATION_NOT_ALLOWED)
    fields = {
        "log_type": command.log_type.value,
        "request_id": operation.request_id,
        "retries": command.retries,
        "retry_interval": command.retry_interval,
        "log": {
            "remote_location": command.remote_location or _address(operation, command, house),
            "oldest_timestamp": command.oldest_timestamp,
            "latest_timestamp": command.latest_timestamp,
        },
    }
    return Ask("GetLog", dialect.request("GetLog", operation.version, fields))


def _address(operation: Operation, command: GetLog, house: House) -> str:
    """Make an upload address of ours; the slash at the end lets a station append its file name (2.1 N01.FR.21)."""
    token = tokens.UploadToken(
        station=operation.station,
        tag=operation.id,
        owner=OWNER,
        expires=int(operation.due),
        max_bytes=min(command.max_bytes or house.max_upload_bytes, house.max_upload_bytes),
        trace=operation.trace,
    )
    return f"{house.upload_url}/{tokens.sign(token, house.upload_key)}/"


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """What news does to a log that is under way."""
    progress = log_upload.progress_of(operation)
    match item:
        case news.Answered():
            return _answered(operation, progress, item)
        case news.Errored():
            return lifecycle.errored(operation, item)
        case news.TimedOut() | news.PartCame() | news.Listed():
            return Step(operation)
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
        return Step(operation)
    try:
        response = receive(GetLogResponse, item.payload).message
    except UnreadableError as error:
        return lifecycle.unreadable(operation, item, error)
    if response.status is LogStatus.REJECTED:
        return lifecycle.declined(operation, item, response)
    superseding = response.status is LogStatus.ACCEPTED_CANCELED
    step = log_upload.judged(
        replace(operation, state=State.ACCEPTED),
        replace(progress, filename=response.filename),
        (lifecycle.accepted(operation, item.at, response.status.value, response.filename),),
        item.at,
    )
    return Step(step.operation, step.events, supersedes=superseding)


FEATURE = Feature(
    work=Work(
        command=GetLog,
        ask=ask,
        learn=learn,
        family=FAMILY,
        numbered=True,
        details=msgspec.json.encode(log_upload.Progress()),
    )
)
