"""A service with OpenTelemetry, as a process: it asks for a station's log, waits for the end, and prints its outcome."""

import asyncio
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import GetLog


async def ask(url: str, station: str) -> None:
    async with Diagnostics.connect(url, name="billing") as diagnostics:
        command = GetLog(station=station)
        with trace.get_tracer("billing").start_as_current_span("ask"):
            await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 60)
        sys.stdout.write(settled.outcome.value)


if __name__ == "__main__":
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    asyncio.run(ask(*sys.argv[1:]))
    provider.shutdown()
