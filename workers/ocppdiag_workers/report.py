"""The state machine of a report that the station sends in parts, whatever is in them. Pure.

A part may come before the answer, twice, out of order, or after the end; what has come is never thrown away.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts import link
from ocppdiag_contracts.events import Outcome, Result
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import dialect, news
from ocppdiag_workers.feature import Heard, Inform
from ocppdiag_workers.news import PartReceived
from ocppdiag_workers.operation import Ending, Operation, State, Step, settle
from ocppdiag_workers.parts import GRACE_SECONDS, MOST_PARTS, Assembled, Part, Parts, assemble
from ocppdiag_workers.written import PartWritten, ReportWritten, Told

DETAILS = msgspec.json.encode(Parts())
"""What an operation with a report remembers at its beginning."""

MOST_NAMED = 20


def parts_of(operation: Operation) -> Parts:
    """Which parts of its report an operation has."""
    return msgspec.json.decode(operation.details, type=Parts | None) or Parts()


Make = Callable[[Assembled], Result | ReportWritten]
"""Makes the final event's result of what has come."""

Then = Callable[[Operation], Operation | None]
"""What a complete report leads to: the operation with its next CALL, or None for the end."""


def _the_end(_: Operation) -> None:
    return None


def heard(called: link.Called, came: PartReceived, body: Raw, family: str) -> Heard:
    """What a part means: news for the operation of its request, or for nobody in particular."""
    thanks = dialect.thanks(called)
    event = came.event if isinstance(came, PartWritten) else came

    def unclaimed() -> tuple[Told, ...]:
        return (came if isinstance(came, PartWritten) else came.for_all(),)

    if not 0 <= event.seq_no < MOST_PARTS or event.request_id is None:  # no part of anything that can be told
        return Heard(thanks, events=unclaimed())
    part = Part(event.seq_no, event.tbc, body)
    item = news.PartCame(called.at, (called.epoch, called.seq), part, came)
    return Heard(thanks, informs=(Inform(item, request=(family, event.request_id), unclaimed=unclaimed),))


def told(operation: Operation, item: news.PartCame) -> PartReceived:
    """The event of a part, as its command's."""
    again = "" if item.known is None else f"/{item.part.digest}"
    update = {"command_id": operation.id, "id": operation.event_id(f"part/{item.part.seq_no}{again}")}
    if isinstance(item.event, PartWritten):
        return replace(item.event, event=item.event.event.model_copy(update=update))
    return item.event.model_copy(update=update)


def part_came(operation: Operation, item: news.PartCame, result: Make, then: Then = _the_end) -> Step:
    """Lay a new part beside the operation; a repeat says nothing."""
    if item.repeated:
        return Step(operation)
    parts = parts_of(operation)
    part = replace(item.part, arrival=parts.arrived)
    step = _judged(operation, parts.with_one(part, item.at), item.at, result, then)
    return replace(step, events=(told(operation, item), *step.events), keep=part)


def woke(operation: Operation, item: news.Woke, result: Make, then: Then = _the_end) -> Step:
    """A time has come: the end of patience with what is missing, or the deadline."""
    return _judged(operation, parts_of(operation), item.at, result, then)


def ended(operation: Operation, ending: Ending, result: Make) -> Step:
    """End an operation with all that has come."""
    parts = parts_of(operation)
    if not parts.arrived:
        return settle(operation, ending)

    def gathered(last: Operation, kept: tuple[Part, ...]) -> Step:
        step = settle(last, ending, result(assemble(parts, kept)))
        # The numbers stay: a part that comes again is told from one that comes late.
        numbers = Raw(msgspec.json.encode(parts))
        return replace(step, operation=replace(step.operation, details=numbers))

    return Step(operation, gather=gathered)


def _judged(operation: Operation, parts: Parts, at: float, result: Make, then: Then) -> Step:
    closed = parts.last is not None
    operation = replace(
        operation,
        details=Raw(msgspec.json.encode(parts)),
        wake_at=min(operation.due, parts.closed_at + GRACE_SECONDS) if closed else operation.due,
    )
    ending = _ending(operation, parts, at)
    if ending and ending.outcome is Outcome.COMPLETED and (following := then(operation)):
        return Step(following, asks=True)
    return ended(operation, ending, result) if ending else Step(operation)


def _ending(operation: Operation, parts: Parts, at: float) -> Ending | None:
    """Whether that is the end, and which."""
    if parts.too_large:
        detail = f"{parts.arrived} parts and {parts.bytes} bytes have come; no more are kept"
        return Ending(Outcome.FAILED, at, Failure.REPORT_TOO_LARGE, detail)
    if parts.complete:
        return Ending(Outcome.COMPLETED, at)
    if at < operation.wake_at:
        return None
    if parts.whole_in_its_way:
        return Ending(Outcome.COMPLETED, at)
    if parts.last is not None:
        missing = [str(number) for number in parts.missing]
        named = ", ".join(missing[:MOST_NAMED]) + (", ..." if len(missing) > MOST_NAMED else "")
        detail = f"of {parts.last + 1} parts these have not come: {named}"
        return Ending(Outcome.FAILED, at, Failure.PARTS_MISSING, detail)
    if parts.arrived:
        detail = f"{parts.arrived} parts have come; the last has not"
        return Ending(Outcome.EXPIRED, at, Failure.PARTS_MISSING, detail)
    if operation.state is State.ACCEPTED:
        detail = "the station accepted; no part of its report has come"
        return Ending(Outcome.EXPIRED, at, Failure.NOTHING_FOLLOWED, detail)
    return Ending(Outcome.EXPIRED, at, Failure.NO_ANSWER, "the station has not answered the request")
