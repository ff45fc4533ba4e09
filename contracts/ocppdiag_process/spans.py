"""Spans by the OpenTelemetry SDK, sent by OTLP from a thread of their own: imported by `tracing` when they are wanted."""

import logging
import threading
import time
from collections.abc import Sequence
from uuid import uuid4

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ocppdiag_contracts.trace_context import HEADER
from ocppdiag_process.tracing import Attributes, Kind, Span, Spans

log = structlog.get_logger()

CLOSE_SECONDS = 3.0
SILENCE_SECONDS = 60.0
"""How often it is said at most that the collector does not take what it is sent."""

_W3C = TraceContextTextMapPropagator()


class _Told(Span):
    """A span that the collector hears of."""

    def __init__(self, span: trace.Span) -> None:
        about = span.get_span_context()
        super().__init__(f"00-{about.trace_id:032x}-{about.span_id:016x}-{about.trace_flags & 1:02x}")
        self._span = span

    def say(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def note(self, event: str, at: float) -> None:
        self._span.add_event(event, timestamp=int(at * 1e9))

    def fail(self, why: str) -> None:
        self._span.set_attribute("error.type", why)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


class Exported(Spans):
    """Where spans are begun that the collector hears of; everything else is said by the standard variables."""

    on = True

    def __init__(self, process: str, exporter: SpanExporter | None = None) -> None:
        # The library says it once for each batch and each try, with the address.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        ours = {"service.name": f"ocppdiag-{process}", "service.instance.id": str(uuid4())}
        resource = Resource.create({**ours, **OTELResourceDetector().detect().attributes})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter or Sending(OTLPSpanExporter(), process))
        )
        self._tracer = self._provider.get_tracer("ocppdiag")

    def begin(
        self, name: str, kind: Kind, parent: str | None, attributes: Attributes, at: float | None
    ) -> Span:
        """Begin one."""
        # Never what is current in this task: that may be another command's.
        context = _W3C.extract({HEADER: parent}, Context()) if parent else Context()
        began = None if at is None else int(at * 1e9)
        return _Told(self._tracer.start_span(name, context, SpanKind[kind], attributes, start_time=began))

    def close(self) -> None:
        """Tell what is left, for 3 s at most."""
        # In a thread, because the library waits for ten times as long.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


class Sending(SpanExporter):
    """Sends spans, and says in few lines that they are not taken."""

    def __init__(self, exporter: SpanExporter, process: str) -> None:
        self._exporter = exporter
        self._process = process
        self._unsent = 0
        self._said_at = -SILENCE_SECONDS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; what is not taken is dropped."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._unsent += len(spans)
            if (now := time.monotonic()) >= self._said_at + SILENCE_SECONDS:
                log.warning("spans_unsent", process=self._process, count=self._unsent)
                self._said_at, self._unsent = now, 0
        return result

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()
