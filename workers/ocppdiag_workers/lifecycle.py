"""What the answer to a CALL of ours means, and what its absence does, whatever the command. Pure."""

from collections.abc import Callable

from ocppdiag_contracts.events import CommandAccepted, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect
from ocppdiag_workers.news import Answered, Errored, TimedOut, Woke
from ocppdiag_workers.operation import Ending, Operation, State, Step, settle

_CODES = frozenset(code.value for code in ErrorCode)

End = Callable[[Operation, Ending], Step]


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
        **operation.event("accepted", at),
        status=status,
        filename=filename,
    )


def unanswered(operation: Operation, news: Woke | TimedOut, end: End = settle) -> Step:
    """No answer: the late one still counts until the deadline."""
    if isinstance(news, TimedOut) or news.at < operation.due:
        return Step(operation)
    detail = "the station has not answered the request"
    return end(operation, Ending(Outcome.EXPIRED, news.at, Failure.NO_ANSWER, detail))
