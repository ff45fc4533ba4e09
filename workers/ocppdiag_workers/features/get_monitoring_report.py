"""GetMonitoringReport: have a station list its monitors, and gather the parts (OCPP N02)."""

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.events import MonitoringReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_workers import dialect, lifecycle, limits, news, report
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.operation import Ending, MonitorsSeen, Operation, State, Step, settle
from ocppdiag_workers.parts import Assembled
from ocppdiag_workers.written import PartWritten, ReportWritten

ACTION = "GetMonitoringReport"
FAMILY = "report"
"""Its requestIds, which NotifyMonitoringReport answers to."""

FEW = 4
"""A filter of no more than this is sent without asking for the station's limit first."""

_ENTRIES = msgspec.json.Decoder(list[Raw])


def ask(operation: Operation, _: House) -> Ask:
    """The CALL; what filters nothing is left out (N02.FR.11). For a long filter, the station's limit first."""
    command = operation.asked(GetMonitoringReport)
    if _needs_limits(operation, command):
        return limits.ask(operation, "DeviceDataCtrlr", "GetReport")
    return Ask(ACTION, _request(operation, command))


def _request(operation: Operation, command: GetMonitoringReport) -> OcppModel:
    wanted = command.model_dump(
        mode="json", include={"monitoring_criteria", "component_variable"}, exclude_none=True
    )
    return dialect.request(ACTION, operation.version, {"request_id": operation.request_id, **wanted})


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """What news does to a report that is under way."""
    match item:
        case news.PartCame():
            step = report.part_came(operation, item, _result)
            return replace(step, monitors=_seen(item))
        case news.Woke():
            return report.woke(operation, item, _result)
        case news.Answered() | news.Errored() | news.TimedOut():
            command = operation.asked(GetMonitoringReport)
            if _needs_limits(operation, command):
                return _limited(operation, command, item)
            if isinstance(item, news.Answered):
                return _answered(operation, item)
            if isinstance(item, news.Errored):
                return lifecycle.errored(operation, item, end)
            return Step(operation)
        case _:
            return Step(operation)


def end(operation: Operation, ending: Ending) -> Step:
    """End early, with what has come."""
    return report.ended(operation, ending, _result)


def _needs_limits(operation: Operation, command: GetMonitoringReport) -> bool:
    return operation.turn == 0 and len(command.component_variable or ()) > FEW


def _limited(
    operation: Operation,
    command: GetMonitoringReport,
    item: news.Answered | news.Errored | news.TimedOut,
) -> Step:
    """A filter cannot be divided: each request would have a report of its own."""
    told = limits.read(operation, item)
    size = limits.FRAME_BYTES + len(_request(operation, command).to_wire())
    if told.items is not None and told.items < len(command.component_variable or ()):
        most = f"{told.items} items"
    elif told.bytes is not None and told.bytes < size:
        most = f"{told.bytes} bytes"
    else:
        return Step(operation.next_turn(operation.details), asks=True)
    detail = f"component_variable: the station takes {most} at most in one request"
    return settle(operation, Ending(Outcome.REJECTED, item.at, Failure.TOO_MANY_ITEMS, detail))


def _answered(operation: Operation, item: news.Answered) -> Step:
    def accept(status: str, _: OcppModel) -> Step | None:
        if status == "Accepted":
            told = lifecycle.accepted(operation, item.at, status)
            return Step(replace(operation, state=State.ACCEPTED), (told,))
        if status == "EmptyResultSet" and not report.parts_of(operation).arrived:
            empty = MonitoringReport(parts=0, monitor=[])
            return settle(operation, Ending(Outcome.COMPLETED, item.at), empty)
        return None

    return lifecycle.answered(operation, item, ACTION, accept, end)


def _seen(item: news.PartCame) -> MonitorsSeen | None:
    return MonitorsSeen(item.event.severities) if isinstance(item.event, PartWritten) else None


def _result(assembled: Assembled) -> ReportWritten:
    result = MonitoringReport(
        parts=len(assembled.bodies),
        missing=list(assembled.missing),
        irregularities=list(assembled.irregularities),
        monitor=[],
    )
    return ReportWritten(result, tuple(entry for body in assembled.bodies for entry in _ENTRIES.decode(body)))


FEATURE = Feature(
    work=Work(
        command=GetMonitoringReport,
        ask=ask,
        learn=learn,
        end=end,
        family=FAMILY,
        numbered=True,
        details=report.DETAILS,
        harmless=lambda _: True,
    )
)
