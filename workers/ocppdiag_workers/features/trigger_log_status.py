"""TriggerLogStatus: TriggerMessage for a LogStatusNotification, and what that then says (OCPP F06, N01.FR.13)."""

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import Outcome, TriggeredLogStatus
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers import dialect, lifecycle, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, Operation, State, Step, settle

FAMILY = "trigger"
"""Every trigger of a station that is open: the notification need not carry any id."""


class Progress(Struct, frozen=True):
    """What was said last, and when; here it may overtake the answer, and the word that the trigger was sent."""

    status: str | None = None
    request_id: int | None = None
    stamp: tuple[int, int] = (0, 0)


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
        case news.LogStatus() if item.stamp > _progress(operation).stamp:
            return _judged(operation, Progress(item.status, item.request_id, item.stamp), item.at)
        case news.Woke() if operation.state is State.ACCEPTED and item.at >= operation.due:
            detail = "the station accepted; no LogStatusNotification has come"
            return settle(operation, Ending(Outcome.EXPIRED, item.at, Failure.NOTHING_FOLLOWED, detail))
        case news.Woke() if operation.state is State.ACCEPTED:
            return _judged(operation, _progress(operation), item.at)
        case news.Woke() | news.TimedOut():
            return lifecycle.unanswered(operation, item)
        case _:
            return Step(operation)


def _answered(operation: Operation, item: news.Answered) -> Step:
    def accept(status: str, _: OcppModel) -> Step | None:
        if status != "Accepted":
            return None
        told = lifecycle.accepted(operation, item.at, status)
        step = _judged(replace(operation, state=State.ACCEPTED), _progress(operation), item.at)
        return replace(step, events=(told, *step.events))

    return lifecycle.answered(operation, item, "TriggerMessage", accept)


def _progress(operation: Operation) -> Progress:
    return msgspec.json.decode(operation.details, type=Progress)


def _judged(operation: Operation, progress: Progress, at: float) -> Step:
    # What was said before the trigger had left is no answer to it; when that was may become known last.
    if operation.state is State.ACCEPTED and progress.status and (0, 0) < operation.sent < progress.stamp:
        result = TriggeredLogStatus(status=progress.status, request_id=progress.request_id)
        return settle(operation, Ending(Outcome.COMPLETED, at), result)
    return Step(replace(operation, details=Raw(msgspec.json.encode(progress))))


FEATURE = Feature(
    work=Work(
        command=TriggerLogStatus,
        ask=ask,
        learn=learn,
        family=FAMILY,
        details=msgspec.json.encode(Progress()),
        harmless=lambda _: True,
    )
)
