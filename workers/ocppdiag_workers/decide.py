"""What a record from a gateway or an upload receiver asks of us. Pure: the shell carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Raw

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Event, LogFile, StationConnected, StationDisconnected
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import lifecycle, news
from ocppdiag_workers.feature import Feature, Hear, House, Work
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import Operation, Step, instant


@dataclass(frozen=True, slots=True)
class Decision:
    """News for one operation, found by its id or its request; events; and the answer, which comes last."""

    station: str
    news: News | None = None
    tag: str | None = None
    request: tuple[str, int] | None = None
    events: tuple[Event, ...] = ()
    unclaimed: tuple[Event, ...] = ()
    """Told when no operation takes the news."""

    node: str | None = None
    answer: link.Answer | link.Refuse | None = None


class Table:
    """Which feature hears an action and which carries out a command."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self.hears: Mapping[str, Hear] = MappingProxyType(
            {action: hear for feature in features for action, hear in feature.hears.items()}
        )
        works = [feature.work for feature in features if feature.work]
        self.works: Mapping[str, Work] = MappingProxyType({_name(work.command): work for work in works})

    def advance(self, operation: Operation, item: News) -> Step:
        """Work news into an operation; an ended one absorbs it."""
        if operation.ended:
            return Step(operation)
        if isinstance(item, news.CallNews):
            return lifecycle.follow(operation, item)
        return self.works[operation.name].learn(operation, item)


def _name(command: type[CommandModel]) -> str:
    return str(command.model_fields["command"].default)


def decide(record: link.ToWorkers, table: Table, house: House, now: float) -> Decision:
    """Read one record; `now` is what stations are told when they ask for the time."""
    match record:
        case link.Called():
            return _called(record, table, house, now)
        case link.Connected() | link.Disconnected():
            return Decision(record.station, events=(_presence(record),))
        case link.UploadReceived() | link.UploadBroken() | link.UploadStored():
            return Decision(record.station, news=_upload_news(record), tag=record.tag)
        case _:
            return Decision(record.station, news=_result_news(record), tag=record.tag)


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
        news=heard.news,
        request=heard.request,
        events=heard.events,
        unclaimed=heard.unclaimed,
        node=called.node,
        answer=answer,
    )


def unsent(order: link.Call, at: float) -> Decision:
    """An order came back from the queue of a gateway that did not take it."""
    return Decision(order.station, news=news.Refused(at, "gone"), tag=order.tag)


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


def _result_news(record: link.Result) -> News:
    match record:
        case link.Sent():
            return news.Sent(record.at)
        case link.Answered():
            return news.Answered(record.at, bytes(record.payload))
        case link.Errored():
            return news.Errored(record.at, record.code, record.description)
        case link.TimedOut():
            return news.TimedOut(record.at)
        case link.Lost():
            return news.Lost(record.at)
        case link.Refused():
            return news.Refused(record.at, record.reason)
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
