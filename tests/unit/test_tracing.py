"""Spans: when they are told, how they hang together, and what a process pays that tells none."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ocppdiag_process import tracing
from ocppdiag_process.spans import Exported

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ADDRESS = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEAVY = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "requests")
"""What is ours to load: redis-py takes the API and the metrics of the SDK by itself, where they are there."""

PROGRAM = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
import ocppdiag_gateway.__main__, ocppdiag_uploads.__main__, ocppdiag_workers.__main__
from ocppdiag_process import tracing
try:
    tracing.set_up("worker")
except tracing.TracingError as error:
    sys.exit(str(error))
with tracing.begin("a", "INTERNAL", None, {{}}) as span:
    assert span.context is None
print(sorted(name for name in {heavy!r} if sys.modules.get(name)))
"""


class Told:
    """What was told, once the process has ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def all(self) -> list[ReadableSpan]:
        tracing.close()
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    made = Told()
    monkeypatch.setattr(tracing._Here, "spans", Exported("worker", made.exporter))
    yield made
    tracing.close()


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({ADDRESS: ""}, False),
        ({ADDRESS: "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({ADDRESS: "http://c:4318", "OTEL_SDK_DISABLED": "True"}, False),
        ({ADDRESS: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({ADDRESS: "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_spans_are_told_where_the_standard_variables_name_a_collector(
    environment: dict[str, str],
    wanted: bool,  # noqa: FBT001
) -> None:
    assert tracing.wanted(environment) is wanted


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(tracing.TracingError, match="http/protobuf only"):
        tracing.wanted({ADDRESS: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})


def ran(environment: dict[str, str], hidden: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", PROGRAM.format(hidden=hidden, heavy=HEAVY)],
        capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONPATH": ":".join(sys.path), **environment},
    )  # fmt: skip


@pytest.mark.parametrize("hidden", [(), ("opentelemetry",)])
def test_without_a_collector_nothing_of_it_is_loaded_or_needed(hidden: tuple[str, ...]) -> None:
    done = ran({}, hidden)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("environment", "hidden", "sentence"),
    [
        ({ADDRESS: "http://c:4318"}, ("opentelemetry",), "pip install 'ocppdiag[tracing]'"),
        (
            {ADDRESS: "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            (),
            "OTEL_EXPORTER_OTLP_PROTOCOL",
        ),
        ({ADDRESS: "http://c:4318", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "99999"}, (), "OTEL_"),
    ],
)
def test_a_process_that_cannot_tell_spans_says_why_in_a_sentence(
    environment: dict[str, str], hidden: tuple[str, ...], sentence: str
) -> None:
    done = ran(environment, hidden)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_span_goes_on_with_the_context_that_it_is_given_and_hands_its_own_on(told: Told) -> None:
    first = tracing.begin("first", "CONSUMER", PARENT, {"a": "b"}, at=1000.5)
    second = tracing.begin("second", "CLIENT", first.context, {})
    root = tracing.begin("root", "INTERNAL", None, {})
    for span in (second, first, root):
        span.end()
    one, two, three = sorted(told.all(), key=lambda span: ("first", "second", "root").index(span.name))
    assert one.parent is not None
    assert f"{one.parent.trace_id:032x}-{one.parent.span_id:016x}" == PARENT[3:52]
    assert one.start_time == 1_000_500_000_000
    assert two.parent is not None
    assert one.context is not None
    assert two.parent.span_id == one.context.span_id
    assert three.parent is None
    assert {span.resource.attributes["service.name"] for span in (one, two, three)} == {"ocppdiag-worker"}


def test_what_is_not_sampled_is_not_told_and_stays_so(told: Told) -> None:
    span = tracing.begin("a", "CONSUMER", f"{PARENT[:-2]}00", {})
    assert span.context is not None
    assert span.context.endswith("-00")
    assert span.context.startswith(PARENT[:36])
    tracing.begin("b", "CLIENT", span.context, {}).end()
    span.end()
    assert told.all() == []


def test_of_an_error_nothing_is_told_but_its_name(told: Told) -> None:
    with pytest.raises(ValueError, match="canary"), tracing.begin("a", "CONSUMER", None, {}):
        raise ValueError("canary")
    (span,) = told.all()
    assert "canary" not in span.to_json()
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ValueError"
    assert not span.status.is_ok


def test_whose_service_it_is_may_be_said_by_the_standard_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "diagnostics")
    exporter = InMemorySpanExporter()
    spans = Exported("worker", exporter)
    spans.begin("a", "CONSUMER", None, {}, None).end()
    spans.close()
    (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["service.name"] == "diagnostics"


def test_where_nobody_hears_the_context_goes_through_as_it_came() -> None:
    assert not tracing.on()
    with tracing.begin("a", "CONSUMER", PARENT, {}) as span:
        span.say({"a": 1})
        span.note("b", 1.0)
        span.fail("c")
    assert span.context == PARENT
