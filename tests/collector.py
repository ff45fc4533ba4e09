"""An OTLP/HTTP collector in the test's own process: it takes spans as a real one does, refuses them, or hangs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """One span as it was sent; ids in hexadecimal, times in seconds since 1970."""

    service: str
    instance: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    began: float
    ended: float
    failed: bool
    attributes: Mapping[str, str | int]
    noted: tuple[str, ...]

    @property
    def context(self) -> str:
        return f"00-{self.trace}-{self.id}-01"


@dataclass
class Collector:
    """Where it is, and what has come."""

    url: str
    manner: Literal["takes", "refuses", "hangs"] = "takes"
    spans: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    tries: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def variables(self) -> dict[str, str]:
        """What a process is told that sends its spans here, soon after they end."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    async def until(self, enough: Callable[[list[Span]], bool], within: float = 15) -> list[Span]:
        """Wait until what has come is enough."""
        async with asyncio.timeout(within):
            while not enough(self.spans):  # noqa: ASYNC110 (spans come from other processes)
                await asyncio.sleep(0.05)
        return self.spans

    async def told_of(self, station: str, uploads: int = 1) -> list[Span]:
        """All spans of the one trace that is about this station, when its command has ended."""

        def enough(spans: list[Span]) -> bool:
            ours = [span for span in spans if span.attributes.get("ocppdiag.station") == station]
            uploaded = sum(span.service == "ocppdiag-uploads" for span in ours)
            called = any(span.service == "ocppdiag-gateway" for span in ours)
            return called and uploaded >= uploads and ended(ours)

        await self.until(enough)
        await asyncio.sleep(0.5)  # for what was under way, and should not have been
        (trace,) = {span.trace for span in self.spans if span.attributes.get("ocppdiag.station") == station}
        return [span for span in self.spans if span.trace == trace]

    async def take(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        self.tries += 1
        if self.manner == "hangs":
            await self.let_go.wait()
        if self.manner == "refuses":
            return web.Response(status=403)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = _attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [_span(about, each) for each in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )


def ended(spans: Iterable[Span]) -> bool:
    return any("ocppdiag.outcome" in span.attributes for span in spans)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Listen until the block ends."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    collector = Collector("")
    app.router.add_post("/v1/traces", collector.take)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in pairs}


def _span(about: Mapping[str, str | int], sent: Sent) -> Span:
    return Span(
        service=str(about["service.name"]),
        instance=str(about.get("service.instance.id", "")),
        name=sent.name,
        kind=Sent.SpanKind.Name(sent.kind).removeprefix("SPAN_KIND_"),
        trace=sent.trace_id.hex(),
        id=sent.span_id.hex(),
        parent=sent.parent_span_id.hex(),
        began=sent.start_time_unix_nano / 1e9,
        ended=sent.end_time_unix_nano / 1e9,
        failed=sent.status.code == Status.STATUS_CODE_ERROR,
        attributes=_attributes(sent.attributes),
        noted=tuple(event.name for event in sent.events),
    )
