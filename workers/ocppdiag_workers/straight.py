"""Commands that one CALL carries out: its answer is the end. Pure."""

from collections.abc import Callable
from typing import Any, TypeVar

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Answer, Outcome
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect, lifecycle, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, MonitorsSeen, Operation, State, Step, settle

C = TypeVar("C", bound=CommandModel)


def straight(
    command: type[C],
    action: str,
    fields: Callable[[C, OcppVersion], dict[str, Any]],
    *,
    seen: MonitorsSeen | None = None,
) -> Feature:
    """Make the feature of a command whose answer has nothing but a status; `seen` is what Accepted says of monitors."""

    def ask(operation: Operation, _: House) -> Ask:
        asked = fields(operation.asked(command), OcppVersion(operation.version))
        return Ask(action, dialect.request(action, operation.version, asked))

    def learn(operation: Operation, item: news.OperationNews) -> Step:
        match item:
            case news.Answered():
                return _answered(operation, action, item, seen)
            case news.Errored():
                return lifecycle.errored(operation, item)
            case news.Woke() | news.TimedOut():
                return lifecycle.unanswered(operation, item)
            case _:
                return Step(operation)

    return Feature(work=Work(command=command, ask=ask, learn=learn))


def _answered(operation: Operation, action: str, item: news.Answered, seen: MonitorsSeen | None) -> Step:
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    try:
        response = dialect.read_response(operation, action, item.payload)
    except UnreadableError as error:
        return lifecycle.unreadable(operation, item, error)
    status, why = lifecycle.said(response)
    result = Answer(status=status, reason_code=why)
    if status != "Accepted":
        return lifecycle.declined(
            operation, item, response, lambda last, ending: settle(last, ending, result)
        )
    step = settle(operation, Ending(Outcome.COMPLETED, item.at), result)
    return Step(step.operation, step.events, monitors=seen)
