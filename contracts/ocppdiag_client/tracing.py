"""The span of a command that is sent, if the service that sends it has OpenTelemetry: in its trace, by its SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.topology import COMMANDS
from ocppdiag_contracts.trace_context import HEADER, headers, read

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    _installed = False
else:
    _installed = True


@contextmanager
def sending(command: CommandModel, name: str) -> Iterator[dict[str, str]]:
    """Yield the header that names the span of sending a command called `name`; none where there is no trace."""
    if not _installed:
        yield {}
        return
    destination = f"{COMMANDS.name}:{name}"
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.destination.name": destination,
        "messaging.rabbitmq.destination.routing_key": name,
        "messaging.message.id": command.id,
        "ocppdiag.station": command.station,
        "ocppdiag.command_id": command.id,
    }
    tracer = trace.get_tracer("ocppdiag")
    with tracer.start_as_current_span(
        f"send {destination}",
        kind=trace.SpanKind.PRODUCER,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        try:
            yield headers(read(carrier.get(HEADER)))
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise
