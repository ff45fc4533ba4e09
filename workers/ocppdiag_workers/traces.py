"""The spans of a worker: one for a command as it comes, and one for each step that it goes on by."""

from ocppdiag_amqp import Delivery
from ocppdiag_contracts import trace_context
from ocppdiag_contracts.events import CommandSettled
from ocppdiag_contracts.topology import STATION
from ocppdiag_process import tracing
from ocppdiag_process.tracing import Span
from ocppdiag_workers import news
from ocppdiag_workers.operation import Operation, Step
from ocppdiag_workers.written import EndWritten

_NAMES: dict[type[news.News], str] = {
    news.Sent: "sent",
    news.Refused: "refused",
    news.Answered: "CALLRESULT",
    news.Errored: "CALLERROR",
    news.TimedOut: "timeout",
    news.Lost: "lost",
    news.LogStatus: "LogStatusNotification",
    news.LogArriving: "upload_received",
    news.LogBroken: "upload_broken",
    news.LogStored: "upload_stored",
}
_PARTS = {
    "get_monitoring_report": "NotifyMonitoringReport",
    "customer_information": "NotifyCustomerInformation",
}
_OURS: dict[type[news.News], str] = {
    news.Back: "back",
    news.Withdrawn: "withdrawn",
    news.Listed: "listed",
    news.Woke: "woke",
    news.Superseded: "superseded",
}
"""What comes of no message, or of one that is about more than this command."""


def processing(delivery: Delivery) -> Span:
    """Begin the span of a command that has come: of its sender's trace, if that has one."""
    parent = context(delivery)
    if not tracing.on():
        return Span(parent)
    key, queue = delivery.routing_key, delivery.queue
    destination = ":".join(part for part in (delivery.exchange, key, queue) if part)
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": destination,
        "messaging.rabbitmq.destination.routing_key": key,
    }
    return tracing.begin(f"process {destination}", "CONSUMER", parent, attributes)


def context(delivery: Delivery) -> str | None:
    """Return the context that a message has come with."""
    return trace_context.read(delivery.headers.get(trace_context.HEADER))


def stepped(before: Operation, step: Step, item: news.News, began: float) -> None:
    """Tell of a step that a command has gone on by, if it has a trace; it `began` at a time in seconds since 1970."""
    if before.trace is None or not tracing.on():
        return
    after = step.operation
    attributes: dict[str, str | int] = {
        "ocppdiag.station": after.station,
        "ocppdiag.command_id": after.id,
        "ocppdiag.command": after.name,
        "ocppdiag.state": after.state.value,
    }
    name = _PARTS.get(after.name) if isinstance(item, news.PartCame) else _NAMES.get(type(item))
    if name is None:
        span = tracing.begin(_OURS[type(item)], "INTERNAL", before.trace, attributes, at=began)
    else:
        attributes |= {
            "messaging.system": "rabbitmq",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": STATION.name,
        }
        span = tracing.begin(f"process {name}", "CONSUMER", before.trace, attributes, at=began)
    final = step.final
    if final:
        settled: CommandSettled = final.event if isinstance(final, EndWritten) else final
        span.say({"ocppdiag.outcome": settled.outcome})
        if settled.failure:
            span.say({"ocppdiag.failure": settled.failure})
            span.fail(settled.failure)
    span.end()
