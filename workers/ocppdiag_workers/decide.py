"""What a record from a gateway or an upload receiver asks of us. Pure: the shell carries it out."""

from msgspec import Struct

from ocppdiag_contracts import link
from ocppdiag_contracts.events import Event, LogFile, StationConnected, StationDisconnected, StationSuspected
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import news
from ocppdiag_workers.feature import House, Inform, Severities
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import instant, read_tag
from ocppdiag_workers.table import Table
from ocppdiag_workers.written import Told


class Decision(Struct, frozen=True):
    """News for operations; events; and the answer, which comes last."""

    station: str
    informs: tuple[Inform, ...] = ()
    events: tuple[Told, ...] = ()
    severities: Severities | None = None
    forgets_monitors: bool = False
    connects: int | None = None
    """The epoch of the station's new connection."""

    accepts: int | None = None
    """The epoch of the connection on which the answer lets the station in."""

    node: str | None = None
    answer: link.Answer | link.Refuse | None = None


def decide(record: link.ToWorkers, table: Table, house: House, now: float) -> Decision:
    """Read one record; `now` is what stations are told when they ask for the time."""
    match record:
        case link.Called():
            return _called(record, table, house, now)
        case link.Connected():
            return Decision(record.station, events=(_presence(record),), connects=record.epoch)
        case link.Disconnected():
            return Decision(record.station, events=(_presence(record),))
        case link.Suspected():
            return Decision(record.station, events=(_suspicion(record),))
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
        payload=heard.answer,
    )
    return Decision(
        called.station,
        informs=heard.informs,
        events=heard.events,
        severities=heard.severities,
        forgets_monitors=heard.forgets_monitors,
        accepts=called.epoch if heard.accepts else None,
        node=called.node,
        answer=answer,
    )


def unsent(order: link.Call | link.Withdraw, at: float) -> Decision:
    """An order came back from the queue of a gateway that did not take it: of one that came again that proves nothing."""
    command_id, turn = read_tag(order.tag)
    again = isinstance(order, link.Call) and order.again
    item = news.Lost(at, turn, order.epoch) if again else news.Refused(at, "gone", turn, order.epoch)
    return Decision(order.station, (Inform(item, command_id),))


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


def _suspicion(suspected: link.Suspected) -> Event:
    """There may be no connection whose frame could name it: one gateway tells each reason once a minute."""
    return StationSuspected(
        id=f"{suspected.station}/suspected/{suspected.reason}/{suspected.node}/{round(suspected.at * 1000)}",
        time=instant(suspected.at),
        station=suspected.station,
        node=suspected.node,
        reason=suspected.reason,
        detail=suspected.detail,
    )


def _result(record: link.Result) -> Inform:
    command_id, turn = read_tag(record.tag)
    return Inform(_result_news(record, turn), command_id)


def _result_news(record: link.Result, turn: int) -> News:
    match record:
        case link.Sent():
            return news.Sent(record.at, turn, (record.epoch, record.seq))
        case link.Answered():
            return news.Answered(record.at, bytes(record.payload), turn, record.epoch)
        case link.Errored():
            return news.Errored(record.at, record.code, record.description, turn, record.epoch)
        case link.TimedOut():
            return news.TimedOut(record.at, turn, record.epoch)
        case link.Lost():
            return news.Lost(record.at, turn, record.epoch)
        case link.Refused():
            return news.Refused(record.at, record.reason, turn, record.epoch)
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
