"""What every command's operation does with news of its CALL, whatever the command."""

from collections.abc import Callable

from msgspec.structs import replace

from ocppdiag_contracts.events import CommandAccepted, CommandSent, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect
from ocppdiag_workers.news import Answered, Errored, Lost, Refused, Sent, TimedOut, Woke
from ocppdiag_workers.operation import Ending, Operation, State, Step, instant, settle

UNKNOWN_STATION = "unknown_station"
"""A reason of our own beside the gateway's busy, gone, stale, expired, withdrawn and sent."""

UNSUPPORTED_VERSION = "unsupported_version"
UNKNOWN_COMMAND = "unknown_command"
DESTINATION_NOT_ALLOWED = "destination_not_allowed"
TOO_LATE = "sent"

_CODES = frozenset(code.value for code in ErrorCode)

End = Callable[[Operation, Ending], Step]

_REFUSALS = {
    "busy": (Outcome.FAILED, Failure.BUSY, "too many calls wait for this station"),
    "gone": (Outcome.FAILED, Failure.NOT_CONNECTED, "the station is not connected"),
    "stale": (Outcome.FAILED, Failure.NOT_CONNECTED, "the station has reconnected meanwhile"),
    "expired": (
        Outcome.EXPIRED,
        Failure.DEADLINE_PASSED,
        "the deadline was over before the station could be asked",
    ),
    "withdrawn": (Outcome.CANCELLED, Failure.CANCELLED, "cancelled before the station was asked"),
    TOO_LATE: (
        Outcome.REJECTED,
        Failure.TOO_LATE,
        "the station has been asked already, or the command has ended",
    ),
    UNKNOWN_COMMAND: (Outcome.REJECTED, Failure.UNKNOWN_COMMAND, "there is no such command"),
    UNKNOWN_STATION: (Outcome.REJECTED, Failure.UNKNOWN_STATION, "no station of this name was ever here"),
    UNSUPPORTED_VERSION: (
        Outcome.REJECTED,
        Failure.UNSUPPORTED_VERSION,
        "the station's protocol version has no such request, or not with these members",
    ),
    DESTINATION_NOT_ALLOWED: (
        Outcome.REJECTED,
        Failure.DESTINATION_NOT_ALLOWED,
        "remote_location: logs may not go there; operators set OCPPDIAG_DESTINATIONS",
    ),
}


def follow(operation: Operation, item: Sent | Refused | Lost, end: End) -> Step:
    """What becomes of an operation that has not ended; `end` knows what it has brought so far."""
    match item:
        case Sent():
            return _sent(operation, item)
        case Refused():
            return _refused(operation, item, end)
        case Lost():
            return _lost(operation, item, end)


def _sent(operation: Operation, news: Sent) -> Step:
    """The CALL left; later news may have overtaken this."""
    if not operation.turn:
        operation = replace(operation, sent=max(operation.sent, news.stamp))
    if operation.state is not State.QUEUED:
        return Step(operation)
    sent = replace(operation, state=State.SENT)
    if operation.turn:  # the first CALL is the one that is told
        return Step(sent)
    event = CommandSent(
        id=operation.event_id("sent"),
        time=instant(news.at),
        station=operation.station,
        command_id=operation.id,
    )
    return Step(sent, (event,))


def _refused(operation: Operation, news: Refused, end: End) -> Step:
    """The CALL did not leave; the refusal of a repeated order means nothing once the first has left."""
    if operation.state is not State.QUEUED:
        return Step(operation)
    word, _, more = news.reason.partition(": ")
    outcome, failure, detail = _REFUSALS.get(word, (Outcome.FAILED, Failure.INTERNAL_ERROR, news.reason))
    return end(operation, Ending(outcome, news.at, failure, f"{detail}: {more}" if more else detail))


def _lost(operation: Operation, news: Lost, end: End) -> Step:
    """The connection went with the CALL under way, and a second one could do harm."""
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    detail = "the connection went before the station had answered"
    return end(operation, Ending(Outcome.FAILED, news.at, Failure.CONNECTION_LOST, detail))


def errored(operation: Operation, news: Errored, end: End = settle) -> Step:
    """A CALLERROR: the station will do nothing."""
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    unable = news.code in (ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED)
    known = news.code in _CODES
    ending = Ending(
        Outcome.REJECTED if unable else Outcome.FAILED,
        news.at,
        Failure.NOT_SUPPORTED if unable else Failure.STATION_ERROR,
        f"the station answered {news.code if known else 'an error that OCPP does not know'}",
        reason=news.description if known else f"{news.code}: {news.description}".removesuffix(": "),
    )
    return end(operation, ending)


def unreadable(operation: Operation, news: Answered, error: Exception, end: End = settle) -> Step:
    """A CALLRESULT that is none."""
    detail = f"the station's answer is not readable: {error}"
    return end(operation, Ending(Outcome.FAILED, news.at, Failure.STATION_ERROR, detail))


def answered(
    operation: Operation,
    news: Answered,
    action: str,
    accept: Callable[[str, OcppModel], Step | None],
    end: End = settle,
) -> Step:
    """The station's CALLRESULT: `accept` gets its status and says what that leads to, None for a no."""
    if operation.state not in (State.QUEUED, State.SENT):
        return Step(operation)
    try:
        response = dialect.read_response(operation, action, news.payload)
    except UnreadableError as error:
        return unreadable(operation, news, error, end)
    status, _ = said(response)
    return accept(status, response) or declined(operation, news, response, end)


def declined(operation: Operation, news: Answered, response: OcppModel, end: End = settle) -> Step:
    """The station answered, and what it answered is no yes."""
    status, _ = said(response)
    failure = Failure.NOT_SUPPORTED if status in ("NotSupported", "NotImplemented") else Failure.REJECTED
    detail = f"the station answered {status}"
    return end(operation, Ending(Outcome.REJECTED, news.at, failure, detail, reason(response)))


def said(response: OcppModel) -> tuple[str, str | None]:
    """Return the status of a response, and the station's reason code (2.0 has none)."""
    info = getattr(response, "status_info", None)
    return str(getattr(response, "status")), info.reason_code if info else None  # noqa: B009 (of any response)


def reason(response: OcppModel) -> str | None:
    """Return the station's own words about its status, if it gave any."""
    info = getattr(response, "status_info", None)
    if info is None:
        return None
    return f"{info.reason_code}: {info.additional_info}" if info.additional_info else str(info.reason_code)


def accepted(operation: Operation, at: float, status: str, filename: str | None = None) -> CommandAccepted:
    """Tell that the station has accepted."""
    return CommandAccepted(
        id=operation.event_id("accepted"),
        time=instant(at),
        station=operation.station,
        command_id=operation.id,
        status=status,
        filename=filename,
    )


def unanswered(operation: Operation, news: Woke | TimedOut, end: End = settle) -> Step:
    """No answer: the late one still counts until the deadline."""
    if isinstance(news, TimedOut) or news.at < operation.due:
        return Step(operation)
    detail = "the station has not answered the request"
    return end(operation, Ending(Outcome.EXPIRED, news.at, Failure.NO_ANSWER, detail))
