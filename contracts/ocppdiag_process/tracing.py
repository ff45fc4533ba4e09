"""What a process does for a command, told as spans to an OpenTelemetry collector; without one nothing is loaded or made.

A span is one step in one process. What leads from step to step is a context, the text of a `traceparent`: it lies in
messages and records, and never in a thread or a task.
"""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

Attributes = Mapping[str, str | int]
Kind = Literal["SERVER", "CLIENT", "CONSUMER", "INTERNAL"]

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


class TracingError(Exception):
    """Spans are wanted and cannot be told; the text says why."""


class Span:
    """A step under way that nobody hears of: its context is the one that it was given, for what comes of it."""

    def __init__(self, context: str | None) -> None:
        self.context = context

    def say(self, attributes: Attributes) -> None:
        """Add to what is known of it: ids and names, never what anybody has written."""

    def note(self, event: str, at: float) -> None:
        """Note a moment in it (seconds since 1970)."""

    def fail(self, why: str) -> None:
        """It did not go well; `why` is one of few words (`error.type`)."""

    def end(self) -> None:
        """It is over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:  # its name only: the text of an error may quote what somebody has written
            self.fail(kind.__name__)
        self.end()


class Spans:
    """Where spans are begun: here nobody hears of them."""

    on = False

    def begin(
        self, _name: str, _kind: Kind, parent: str | None, _attributes: Attributes, _at: float | None
    ) -> Span:
        """Begin one."""
        return Span(parent)

    def close(self) -> None:
        """Tell what is left."""


class _Here:
    """The one place of this process where spans are begun."""

    spans = Spans()


def on() -> bool:
    """Whether anybody hears of spans."""
    return _Here.spans.on


def begin(
    name: str, kind: Kind, parent: str | None, attributes: Attributes, *, at: float | None = None
) -> Span:
    """Begin a span, now or `at` a time (seconds since 1970); without a parent it is the root of a trace."""
    return _Here.spans.begin(name, kind, parent, attributes, at)


def set_up(process: str) -> None:
    """Tell spans from now on, if the standard variables name a collector. Raises TracingError."""
    if not wanted(os.environ):
        return
    try:
        from ocppdiag_process.spans import Exported  # noqa: PLC0415 (0.1 s and 9 MB for who wants it)
    except ImportError:
        raise TracingError("a collector is named for traces: pip install 'ocppdiag[tracing]'") from None
    try:
        _Here.spans = Exported(process)
    except ValueError as error:
        raise TracingError(f"a variable OTEL_... cannot be read: {error}") from None


def close() -> None:
    """Tell what is left, as far as the collector takes it within 3 s."""
    _Here.spans.close()
    _Here.spans = Spans()


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the standard variables name a collector. Raises TracingError when it speaks a protocol that we do not."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    if not any(environment.get(name) for name in _ADDRESSES):
        return False
    protocol = next((found for name in _PROTOCOLS if (found := environment.get(name))), _PROTOCOL)
    if protocol != _PROTOCOL:
        raise TracingError(f"OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent by {_PROTOCOL} only")
    return True
