"""The spans of a gateway: one for each CALL of a command that has a trace, from its order to what became of it."""

from collections import OrderedDict

from ocppdiag_contracts import link
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_process import tracing
from ocppdiag_process.tracing import Span

MOST = 10_000
"""Spans that are open at a time: that of an order which has come again after its end is never ended."""

_Key = tuple[str, int, str]
_ENDS: dict[type[link.Result], str] = {link.TimedOut: "timeout", link.Lost: "lost"}
_CODES = frozenset(code.value for code in ErrorCode)


class Traces:
    """The open spans of a process, by station, epoch and tag."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, Span] = OrderedDict()

    def taken(self, call: link.Call) -> None:
        """Begin the span of an order; the same order again is the first again."""
        if call.trace is None or not tracing.on():
            return
        key = call.station, call.epoch, call.tag
        if key in self._open:
            return
        attributes = {
            "ocpp.action": call.action,
            "ocpp.message_id": call.message_id,
            "ocppdiag.station": call.station,
        }
        self._open[key] = tracing.begin(f"CALL {call.action}", "CLIENT", call.trace, attributes)
        if len(self._open) > MOST:
            self._open.popitem(last=False)

    def told(self, record: link.Result) -> None:
        """End the span of a CALL whose end this is; when it was written to the socket, that is noted."""
        if not self._open:
            return
        key = record.station, record.epoch, record.tag
        if isinstance(record, link.Sent):
            if span := self._open.get(key):
                span.note("sent", record.at)
        elif span := self._open.pop(key, None):
            span.say({"ocpp.version": record.version})
            if why := _failure(record):
                span.fail(why)
            span.end()


def _failure(record: link.Result) -> str | None:
    match record:
        case link.Errored(code=code):  # which the station has chosen
            return code if code in _CODES else "_OTHER"
        case link.Refused(reason=reason):
            return reason
        case _:
            return _ENDS.get(type(record))
