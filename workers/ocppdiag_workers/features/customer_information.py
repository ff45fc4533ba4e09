"""CustomerInformation: have a station tell or forget what it knows of a customer (OCPP N09, N10).

Accepted is always followed by a NotifyCustomerInformation, also when nothing was to be reported. What a station says
of a customer is personal: it is in the events for who has asked, and forgotten with the operation.
"""

import json
from functools import partial
from typing import Any

from msgspec.structs import replace

from ocppdiag_contracts.commands import CustomerInformation
from ocppdiag_contracts.events import CustomerReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers import dialect, lifecycle, news, report
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, Operation, State, Step
from ocppdiag_workers.parts import Assembled

ACTION = "CustomerInformation"
LIST_ACTION = "SendLocalList"
FAMILY = "customer"
"""Its requestIds, which NotifyCustomerInformation answers to."""

_IDENTIFIERS = {"id_token", "customer_certificate", "customer_identifier"}


def ask(operation: Operation, _: House) -> Ask:
    """First CustomerInformation; then, when that is wanted, SendLocalList without the token (N10.FR.02)."""
    command = operation.asked(CustomerInformation)
    if operation.turn:
        return Ask(LIST_ACTION, dialect.request(LIST_ACTION, operation.version, _list_fields(command)))
    if command.local_list_version is not None:  # better nothing than half of it
        dialect.request(LIST_ACTION, operation.version, _list_fields(command))
    fields = {
        "request_id": operation.request_id,
        "report": command.report,
        "clear": command.clear,
        **command.model_dump(mode="json", include=_IDENTIFIERS, exclude_none=True),
    }
    return Ask(ACTION, dialect.request(ACTION, operation.version, fields))


def _list_fields(command: CustomerInformation) -> dict[str, Any]:
    """An entry without idTokenInfo takes its token off the list (D01.FR.17)."""
    dumped = command.model_dump(mode="json", include={"id_token"})
    return {
        "version_number": (command.local_list_version or 0) + 1,
        "update_type": "Differential",
        "local_authorization_list": [dumped],
    }


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """What news does to a customer's report that is under way."""
    if operation.turn:
        return _learn_of_list(operation, item)
    match item:
        case news.Answered():
            return _answered(operation, item)
        case news.Errored():
            return lifecycle.errored(operation, item, end)
        case news.PartCame():
            return report.part_came(operation, item, _result, _to_local_list)
        case news.Woke():
            return report.woke(operation, item, _result, _to_local_list)
        case _:
            return Step(operation)


def end(operation: Operation, ending: Ending) -> Step:
    """End early, with what has come."""
    if operation.turn:
        detail = f"the customer was cleared; SendLocalList: {ending.detail}"
        ending = Ending(Outcome.FAILED, ending.at, Failure.LOCAL_LIST_NOT_UPDATED, detail, ending.reason)
    return report.ended(operation, ending, _result)


def _harmless(operation: Operation) -> bool:
    """To tell twice does no harm; to clear twice has another answer."""
    return not operation.turn and not operation.asked(CustomerInformation).clear


def _answered(operation: Operation, item: news.Answered) -> Step:
    def accept(status: str, _: OcppModel) -> Step | None:
        if status != "Accepted":
            return None
        told = lifecycle.accepted(operation, item.at, status)
        return Step(replace(operation, state=State.ACCEPTED), (told,))

    return lifecycle.answered(operation, item, ACTION, accept, end)


def _to_local_list(operation: Operation) -> Operation | None:
    if operation.asked(CustomerInformation).local_list_version is None:
        return None
    return replace(operation.next_turn(operation.details), wake_at=operation.due)


def _learn_of_list(operation: Operation, item: news.OperationNews) -> Step:
    """The report is complete; the local list is what is left."""
    match item:
        case news.Answered():
            return lifecycle.answered(operation, item, LIST_ACTION, partial(_listed, operation, item), end)
        case news.Errored():
            return lifecycle.errored(operation, item, end)
        case news.Woke() | news.TimedOut():
            return lifecycle.unanswered(operation, item, end)
        case news.PartCame() if not item.repeated:  # more than a complete report has
            return Step(operation, (report.told(operation, item),))
        case _:
            return Step(operation)


def _listed(operation: Operation, item: news.Answered, status: str, response: OcppModel) -> Step:
    ending = Ending(Outcome.COMPLETED, item.at)
    if status != "Accepted":
        detail = f"the customer was cleared; the station answered {status} to SendLocalList"
        why = lifecycle.reason(response)
        ending = Ending(Outcome.FAILED, item.at, Failure.LOCAL_LIST_NOT_UPDATED, detail, why)
    return report.ended(operation, ending, lambda assembled: _result(assembled, status))


def _result(assembled: Assembled, local_list: str | None = None) -> CustomerReport:
    return CustomerReport(
        parts=len(assembled.bodies),
        missing=list(assembled.missing),
        irregularities=list(assembled.irregularities),
        data="".join(json.loads(body) for body in assembled.bodies),
        local_list=local_list,
    )


FEATURE = Feature(
    work=Work(
        command=CustomerInformation,
        ask=ask,
        learn=learn,
        end=end,
        family=FAMILY,
        numbered=True,
        details=report.DETAILS,
        harmless=_harmless,
    )
)
