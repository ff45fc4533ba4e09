"""What every command's operation does with news of its CALL, whatever the command."""

from msgspec.structs import replace

from ocppdiag_contracts.events import CommandSent, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_workers.news import CallNews, Errored, Lost, Refused, Sent, TimedOut
from ocppdiag_workers.operation import Operation, State, Step, instant, settle

UNKNOWN_STATION = "unknown_station"
"""A reason of our own beside the gateway's busy, gone, stale and expired."""

UNSUPPORTED_VERSION = "unsupported_version"
"""Another."""

_REFUSALS = {
    "busy": (Failure.BUSY, "too many calls wait for this station"),
    "gone": (Failure.NOT_CONNECTED, "the station is not connected"),
    "stale": (Failure.NOT_CONNECTED, "the station has reconnected meanwhile"),
    UNKNOWN_STATION: (Failure.UNKNOWN_STATION, "no station of this name was ever here"),
    UNSUPPORTED_VERSION: (Failure.UNSUPPORTED_VERSION, "the station's protocol version has no such request"),
}


def follow(operation: Operation, item: CallNews) -> Step:
    """What becomes of an operation that has not ended."""
    match item:
        case Sent():
            return _sent(operation, item)
        case Refused():
            return _refused(operation, item)
        case Errored():
            return _errored(operation, item)
        case Lost():
            return _lost(operation, item)
        case TimedOut():  # it may have begun all the same: what it sends later still counts
            return Step(operation)


def _sent(operation: Operation, news: Sent) -> Step:
    """The CALL left; later news may have overtaken this."""
    if operation.state is not State.QUEUED:
        return Step(operation)
    event = CommandSent(
        id=operation.event_id("sent"),
        time=instant(news.at),
        station=operation.station,
        command_id=operation.id,
    )
    return Step(replace(operation, state=State.SENT), (event,))


def _refused(operation: Operation, news: Refused) -> Step:
    """The CALL did not leave; the refusal of a repeated order means nothing once the first has left."""
    if operation.state is not State.QUEUED:
        return Step(operation)
    if news.reason == "expired":
        return settle(
            operation,
            Outcome.EXPIRED,
            news.at,
            failure=Failure.DEADLINE_PASSED,
            detail="the deadline was over before the station could be asked",
        )
    failure, detail = _REFUSALS.get(news.reason, (Failure.INTERNAL_ERROR, news.reason))
    unknown = failure in (Failure.UNKNOWN_STATION, Failure.UNSUPPORTED_VERSION)
    return settle(
        operation, Outcome.REJECTED if unknown else Outcome.FAILED, news.at, failure=failure, detail=detail
    )


def _errored(operation: Operation, news: Errored) -> Step:
    """A CALLERROR: the station will do nothing."""
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    unable = news.code in (ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED)
    return settle(
        operation,
        Outcome.REJECTED if unable else Outcome.FAILED,
        news.at,
        failure=Failure.NOT_SUPPORTED if unable else Failure.STATION_ERROR,
        detail=f"the station answered {news.code}: {news.description}",
    )


def _lost(operation: Operation, news: Lost) -> Step:
    """The connection went with the CALL under way, and a second one could do harm."""
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    return settle(
        operation,
        Outcome.FAILED,
        news.at,
        failure=Failure.CONNECTION_LOST,
        detail="the connection went before the station had answered",
    )
