"""What becomes of an operation as its CALL leaves, does not leave, or goes with its connection: retried, or an end. Pure."""

from msgspec.structs import replace

from ocppdiag_contracts.events import CommandSent, CommandWaiting, Outcome, Waiting
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers.lifecycle import End
from ocppdiag_workers.news import Back, Lost, Refused, Sent, Withdrawn, Woke
from ocppdiag_workers.operation import Ending, Operation, State, Step, instant

UNKNOWN_STATION = "unknown_station"
"""A reason of our own beside the gateway's busy, gone, stale, expired, withdrawn and sent."""

UNSUPPORTED_VERSION = "unsupported_version"
UNKNOWN_COMMAND = "unknown_command"
DESTINATION_NOT_ALLOWED = "destination_not_allowed"
TOO_LATE = "sent"


MOST_LOST = 2
"""A CALL that may be repeated is given up when its connection goes again: it may be the reason."""

AGAIN_SECONDS = 10.0
"""A connection that has not taken a CALL is not tried again sooner."""

_WAITS = {"gone": Waiting.NOT_CONNECTED, "stale": Waiting.NOT_CONNECTED, "busy": Waiting.BUSY}
"""Refusals that pass: who may wait for its station does."""

_REFUSALS = {
    "busy": (Outcome.FAILED, Failure.BUSY, "too many calls wait for this station"),
    "gone": (Outcome.FAILED, Failure.NOT_CONNECTED, "the station is not connected"),
    "stale": (
        Outcome.FAILED,
        Failure.NOT_CONNECTED,
        "the station has reconnected meanwhile, or its gateway was too late",
    ),
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


def follow(
    operation: Operation, item: Sent | Refused | Lost | Back | Withdrawn | Woke, end: End, *, harmless: bool
) -> Step:
    """What becomes of an operation that has not ended; `end` knows what it has brought so far.

    `harmless`: its CALL may reach the station a second time.
    """
    match item:
        case Sent():
            return _sent(operation, item, end, harmless=harmless)
        case Refused():
            return _refused(operation, item, end)
        case Lost():
            return _lost(operation, item, end, harmless=harmless)
        case Back() if operation.state is State.WAITING:
            return _back(operation, item)
        case Withdrawn() if operation.state is State.WAITING:
            return _ended(replace(operation, withdrawn_by=item.by), item.at, "withdrawn", end)
        case Woke() if operation.state is State.WAITING:
            return _waited(operation, item, end)
        case _:
            return Step(operation)


def waits(operation: Operation, at: float, reason: Waiting) -> Step:
    """Have an operation wait for its station."""
    until = operation.waits_until
    again = min(until, at + AGAIN_SECONDS) if operation.epoch else until
    waiting = replace(operation, state=State.WAITING, waits=operation.waits + 1, wake_at=again)
    event = CommandWaiting(
        **waiting.event(f"waiting/{waiting.waits}", at),
        reason=reason,
        until=instant(until),
    )
    return Step(waiting, (event,))


def _back(operation: Operation, news: Back) -> Step:
    """It goes out now; not on the very connection that has just not taken it, nor when its wait is over."""
    if news.epoch == operation.epoch or news.at >= operation.waits_until:
        return Step(operation)
    back = replace(operation, node=news.node, epoch=news.epoch, version=news.version, sent=(0, 0))
    return Step(replace(back, state=State.QUEUED, wake_at=operation.due, overdue=False), asks=True)


def _waited(operation: Operation, news: Woke, end: End) -> Step:
    if news.at < min(operation.wake_at, operation.waits_until):
        return Step(operation)
    if news.at < operation.waits_until:
        return Step(replace(operation, wake_at=operation.waits_until, epoch=0))
    failure = Failure.CONNECTION_LOST if operation.lost else Failure.NOT_CONNECTED
    return end(operation, Ending(Outcome.EXPIRED, news.at, failure, "the station has not come back in time"))


def _sent(operation: Operation, news: Sent, end: End, *, harmless: bool) -> Step:
    """The CALL left; later news may have overtaken this."""
    if operation.state is State.WAITING and not operation.lost:
        # Its connection went, and what became of it there is told in the wrong order: it had left after all.
        return _lost(operation, Lost(news.at), end, harmless=harmless)
    if not operation.turn:
        operation = replace(operation, sent=max(operation.sent, news.stamp))
    if operation.state is not State.QUEUED:
        return Step(operation)
    sent = replace(operation, state=State.SENT)
    if operation.turn or operation.lost:  # the first CALL is the one that is told
        return Step(sent)
    return Step(sent, (CommandSent(**operation.event("sent", news.at)),))


def _refused(operation: Operation, news: Refused, end: End) -> Step:
    """The CALL did not leave; the refusal of a repeated order means nothing once the first has left."""
    if operation.state is not State.QUEUED:
        return Step(operation)
    if news.reason in _WAITS and news.at < operation.waits_until:
        return waits(operation, news.at, _WAITS[news.reason])
    return _ended(operation, news.at, news.reason, end)


def _ended(operation: Operation, at: float, reason: str, end: End) -> Step:
    word, _, more = reason.partition(": ")
    outcome, failure, detail = _REFUSALS.get(word, (Outcome.FAILED, Failure.INTERNAL_ERROR, reason))
    if operation.lost and failure in (Failure.BUSY, Failure.NOT_CONNECTED, Failure.DEADLINE_PASSED):
        failure = Failure.CONNECTION_LOST  # the station has been asked before, and may have begun
    return end(operation, Ending(outcome, at, failure, f"{detail}: {more}" if more else detail))


def _lost(operation: Operation, news: Lost, end: End, *, harmless: bool) -> Step:
    """The connection went with the CALL under way: it is asked again where that does no harm."""
    if operation.state not in (State.QUEUED, State.SENT, State.WAITING):
        return Step(operation)
    if harmless and operation.lost < MOST_LOST and news.at < operation.due:
        again = replace(operation, lost=operation.lost + 1, waits_until=operation.due)
        return waits(again, news.at, Waiting.CONNECTION_LOST)
    detail = "the connection went before the station had answered"
    return end(operation, Ending(Outcome.FAILED, news.at, Failure.CONNECTION_LOST, detail))
