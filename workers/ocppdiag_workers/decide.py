"""What a record from a gateway or an upload receiver asks of us. Pure: the shell carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from msgspec import Raw, structs

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, name_of
from ocppdiag_contracts.events import CommandQueued, Event, LogFile, StationConnected, StationDisconnected
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import lifecycle, news, report
from ocppdiag_workers.feature import Feature, Hear, House, Inform, Severities, Work
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import Operation, State, Step, instant, read_tag


@dataclass(frozen=True, slots=True)
class Decision:
    """News for operations; events; and the answer, which comes last."""

    station: str
    informs: tuple[Inform, ...] = ()
    events: tuple[Event, ...] = ()
    severities: Severities | None = None
    forgets_monitors: bool = False
    node: str | None = None
    answer: link.Answer | link.Refuse | None = None


class Connected(Protocol):
    """Which connection a station has: a lease of the directory."""

    @property
    def node(self) -> str:
        """The gateway that holds it."""
        ...

    @property
    def epoch(self) -> int:
        """Grows with every connection of the station."""
        ...

    @property
    def version(self) -> str:
        """What is spoken on it."""
        ...


class Table:
    """Which feature hears an action and which carries out a command."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self.hears: Mapping[str, Hear] = MappingProxyType(
            {action: hear for feature in features for action, hear in feature.hears.items()}
        )
        works = [feature.work for feature in features if feature.work]
        self.works: Mapping[str, Work] = MappingProxyType({name_of(work.command): work for work in works})

    def advance(self, operation: Operation, item: News) -> Step:
        """Work news into an operation; an ended one absorbs it."""
        if operation.ended:
            return Step(operation)
        work = self.works[operation.name]
        if isinstance(item, news.CallNews) and item.turn != operation.turn:
            # Told again after a crash: whether the CALL of this turn was sent is not known.
            return Step(operation, asks=operation.state is State.QUEUED and item.turn < operation.turn)
        if isinstance(item, news.Sent | news.Refused | news.Lost):
            step = lifecycle.follow(operation, item, work.end)
            if step.operation.state is not operation.state or step.operation == operation:
                return step
            # It is late: what has overtaken it is looked at again.
            operation, item = step.operation, news.Woke(item.at)
        step = work.learn(operation, item)
        if isinstance(item, news.StationNews) and step.operation != operation:
            heard = max(operation.heard, item.stamp)
            step = replace(step, operation=structs.replace(step.operation, heard=heard))
        # A next CALL may not have gone out when a worker fell: whatever comes then orders it again.
        left = step.operation.turn and step.operation.state is State.QUEUED
        return replace(step, asks=True) if left else step

    def had(self, operation: Operation, item: News) -> bool:
        """Whether an ended operation had this very news from the station before it ended."""
        match item:
            case news.PartCame():
                return report.parts_of(operation).has(item.part.seq_no)
            case news.LogStatus():
                return item.stamp <= operation.heard
            case _:
                return False


def begin(
    command: Command,
    body: bytes,
    reply_to: str | None,
    *,
    work: Work,
    lease: Connected | None,
    number: int,
    now: float,
) -> tuple[Operation, CommandQueued]:
    """Make the record of a command, and say that it is there; `number` is its requestId, 0 when it has none."""
    due = command.due.timestamp()
    operation = Operation(
        id=command.id,
        station=command.station,
        name=command.command,
        family=work.family,
        request_id=number,
        command=Raw(body),
        reply_to=reply_to,
        due=due,
        wake_at=due,
        node=lease.node if lease else None,
        epoch=lease.epoch if lease else 0,
        version=lease.version if lease else "",
        details=Raw(work.details),
    )
    queued = CommandQueued(
        id=operation.event_id("queued"),
        time=instant(now),
        station=operation.station,
        command_id=operation.id,
        command=operation.name,
        request_id=number or None,
        deadline=instant(due),
    )
    return operation, queued


def decide(record: link.ToWorkers, table: Table, house: House, now: float) -> Decision:
    """Read one record; `now` is what stations are told when they ask for the time."""
    match record:
        case link.Called():
            return _called(record, table, house, now)
        case link.Connected() | link.Disconnected():
            return Decision(record.station, events=(_presence(record),))
        case link.UploadReceived() | link.UploadBroken() | link.UploadStored():
            return Decision(record.station, (Inform(_upload_news(record), record.tag),))
        case _:
            return Decision(record.station, (_result(record),))


def _called(called: link.Called, table: Table, house: House, now: float) -> Decision:
    hear = table.hears.get(called.action)
    if hear is None:
        return refusal(called, ErrorCode.NOT_IMPLEMENTED, "")
    try:
        heard = hear(called, house, now)
    except UnreadableError as error:
        return refusal(called, error.code, str(error))
    except UnknownActionError:
        return refusal(called, ErrorCode.NOT_IMPLEMENTED, "")
    answer = link.Answer(
        station=called.station,
        epoch=called.epoch,
        at=called.at,
        message_id=called.message_id,
        payload=Raw(heard.answer.to_wire()),
    )
    return Decision(
        called.station,
        informs=heard.informs,
        events=heard.events,
        severities=heard.severities,
        forgets_monitors=heard.forgets_monitors,
        node=called.node,
        answer=answer,
    )


def unsent(order: link.Call | link.Withdraw, at: float) -> Decision:
    """An order came back from the queue of a gateway that did not take it."""
    command_id, turn = read_tag(order.tag)
    return Decision(order.station, (Inform(news.Refused(at, "gone", turn), command_id),))


def refusal(called: link.Called, code: ErrorCode, description: str) -> Decision:
    """Answer a CALL with a CALLERROR."""
    refuse = link.Refuse(
        station=called.station,
        epoch=called.epoch,
        at=called.at,
        message_id=called.message_id,
        code=code.value,
        description=description,
    )
    return Decision(called.station, node=called.node, answer=refuse)


def _presence(record: link.Connected | link.Disconnected) -> Event:
    event_id = f"{record.station}/{record.epoch}.{record.seq}"
    time = instant(record.at)
    if isinstance(record, link.Connected):
        return StationConnected(
            id=event_id, time=time, station=record.station, version=record.version, node=record.node
        )
    return StationDisconnected(
        id=event_id,
        time=time,
        station=record.station,
        node=record.node,
        code=record.code,
        reason=record.reason,
    )


def _result(record: link.Result) -> Inform:
    command_id, turn = read_tag(record.tag)
    return Inform(_result_news(record, turn), command_id)


def _result_news(record: link.Result, turn: int) -> News:
    match record:
        case link.Sent():
            return news.Sent(record.at, turn, (record.epoch, record.seq))
        case link.Answered():
            return news.Answered(record.at, bytes(record.payload), turn)
        case link.Errored():
            return news.Errored(record.at, record.code, record.description, turn)
        case link.TimedOut():
            return news.TimedOut(record.at, turn)
        case link.Lost():
            return news.Lost(record.at, turn)
        case link.Refused():
            return news.Refused(record.at, record.reason, turn)
        case _:
            raise TypeError(f"no news: {type(record).__name__}")


def _upload_news(record: link.FromUploads) -> News:
    match record:
        case link.UploadReceived():
            return news.LogArriving(record.at, record.bytes, record.total)
        case link.UploadBroken():
            return news.LogBroken(record.at, record.bytes, record.reason)
        case link.UploadStored():
            file = LogFile(
                location=record.location, size=record.size, sha256=record.sha256, filename=record.filename
            )
            return news.LogStored(record.at, file)
