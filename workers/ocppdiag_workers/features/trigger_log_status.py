"""TriggerLogStatus: TriggerMessage for a LogStatusNotification, and what that then says (OCPP F06, N01.FR.13)."""

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import LogStatus, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect, lifecycle, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, Operation, State, Step, settle

FAMILY = "trigger"
"""Every trigger of a station that is open: the notification need not carry any id."""


class Progress(Struct, frozen=True):
    """What was said so far; a notification may overtake the answer."""

    status: str | None = None
    request_id: int | None = None


def ask(operation: Operation, _: House) -> Ask:
    """The CALL; no EVSE, which means nothing for a log (F06.FR.03)."""
    fields = {"requested_message": "LogStatusNotification"}
    return Ask("TriggerMessage", dialect.request("TriggerMessage", operation.version, fields))


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """The end is a notification that comes once the station has accepted."""
    match item:
        case news.Answered():
            return _answered(operation, item)
        case news.Errored():
            return lifecycle.errored(operation, item)
        case news.LogStatus() if operation.state is not State.QUEUED:  # else it is older than the trigger
            return _judged(operation, Progress(item.status, item.request_id), item.at)
        case news.Woke() if operation.state is State.ACCEPTED and item.at >= operation.due:
            detail = "the station accepted; no LogStatusNotification has come"
            return settle(operation, Ending(Outcome.EXPIRED, item.at, Failure.NOTHING_FOLLOWED, detail))
        case news.Woke() | news.TimedOut():
            return lifecycle.unanswered(operation, item)
        case _:
            return Step(operation)


def _answered(operation: Operation, item: news.Answered) -> Step:
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    try:
        response = dialect.read_response(operation, "TriggerMessage", item.payload)
    except UnreadableError as error:
        return lifecycle.unreadable(operation, item, error)
    status, _ = lifecycle.said(response)
    if status != "Accepted":
        return lifecycle.declined(operation, item, response)
    told = lifecycle.accepted(operation, item.at, status)
    progress = msgspec.json.decode(operation.details, type=Progress)
    step = _judged(replace(operation, state=State.ACCEPTED), progress, item.at)
    return Step(step.operation, (told, *step.events))


def _judged(operation: Operation, progress: Progress, at: float) -> Step:
    if operation.state is State.ACCEPTED and progress.status:
        result = LogStatus(status=progress.status, request_id=progress.request_id)
        return settle(operation, Ending(Outcome.COMPLETED, at), result)
    return Step(replace(operation, details=Raw(msgspec.json.encode(progress))))


FEATURE = Feature(
    work=Work(
        command=TriggerLogStatus,
        ask=ask,
        learn=learn,
        family=FAMILY,
        details=msgspec.json.encode(Progress()),
    )
)
