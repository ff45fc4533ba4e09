"""Commands that one CALL carries out: its answer is the end. Pure."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Answer, Outcome
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers import dialect, lifecycle, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, MonitorsSeen, Operation, Step, settle

C = TypeVar("C", bound=CommandModel)


def straight(
    command: type[C],
    action: str,
    fields: Callable[[C, OcppVersion], dict[str, Any]],
    *,
    seen: MonitorsSeen | None = None,
    harmless: bool = False,
) -> Feature:
    """Make the feature of a command whose answer has nothing but a status.

    `seen` is what Accepted says of monitors; `harmless`, whether the station may be asked twice.
    """

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

    return Feature(work=Work(command=command, ask=ask, learn=learn, harmless=lambda _: harmless))


def _answered(operation: Operation, action: str, item: news.Answered, seen: MonitorsSeen | None) -> Step:
    def accept(status: str, response: OcppModel) -> Step:
        result = Answer(status=status, reason_code=lifecycle.said(response)[1])
        if status != "Accepted":
            return lifecycle.declined(operation, item, response, lambda last, why: settle(last, why, result))
        return replace(settle(operation, Ending(Outcome.COMPLETED, item.at), result), monitors=seen)

    return lifecycle.answered(operation, item, action, accept)
