"""The spans of each room: a CALL has one from its order to its end, a step of a command has one, and each has a name."""

import dataclasses
from collections.abc import Iterator
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from operations import HOUSE, TABLE, begun
from turns import EPOCH, WHO, order

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import GetLog, GetMonitoringReport
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import UploadToken, check
from ocppdiag_gateway import traces as calls
from ocppdiag_process import tracing
from ocppdiag_process.spans import Exported
from ocppdiag_workers import news, traces
from ocppdiag_workers.features.get_log import ask
from ocppdiag_workers.operation import Step
from ocppdiag_workers.settings import LONGEST_UPLOAD_URL

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
KEY = b"k" * 32
LONGEST_REMOTE_LOCATION = 512


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    monkeypatch.setattr(tracing._Here, "spans", Exported("test", made))
    yield made
    tracing.close()


def told(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    tracing.close()
    return list(exporter.get_finished_spans())


def came(call: link.Call, kind: type[link.Result], **content: object) -> link.Result:
    stamp = {"node": "n", "connection": "c", "epoch": call.epoch, "seq": 1, "at": 1.0, "version": WHO.version}
    what = {"station": call.station, "owner": OWNER, "tag": call.tag, "action": call.action}
    return kind(**stamp, **what, **content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        (link.Answered, {"payload": msgspec.Raw(b"{}")}, None),
        (link.Errored, {"code": "SecurityError"}, "SecurityError"),
        (link.Errored, {"code": "canary"}, "_OTHER"),
        (link.TimedOut, {}, "timeout"),
        (link.Lost, {}, "lost"),
        (link.Refused, {"reason": "busy"}, "busy"),
    ],
)
def test_a_call_has_one_span_that_ends_with_it(
    exporter: InMemorySpanExporter, kind: type[link.Result], content: dict[str, object], why: str | None
) -> None:
    spans, call = calls.Traces(), replace(order(), trace=TRACE)
    spans.taken(call)
    spans.told(came(call, link.Sent))
    spans.taken(call)
    spans.told(came(replace(call, tag="another"), link.Lost))
    spans.told(came(replace(call, epoch=EPOCH + 1), link.Lost))
    spans.told(came(call, kind, **content))
    spans.told(came(call, link.Lost))
    (span,) = told(exporter)
    assert span.name == "CALL GetLog"
    assert [event.name for event in span.events] == ["sent"]
    assert span.attributes is not None
    assert span.attributes.get("error.type") == why
    assert span.attributes["ocpp.version"] == "ocpp2.0.1"


def test_a_call_of_no_trace_has_none_and_open_ones_are_bounded(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST", 3)
    spans = calls.Traces()
    spans.taken(order())
    assert not spans._open
    for number in range(9):
        spans.taken(replace(order(), trace=TRACE, tag=str(number)))
    assert [tag for _, _, tag in spans._open] == ["6", "7", "8"]
    assert told(exporter) == []


def test_every_news_has_a_name_of_its_own() -> None:
    kinds = set(get_args(news.News)) - {news.PartCame}
    assert kinds == traces._NAMES.keys() | traces._OURS.keys()
    assert len({*traces._NAMES.values(), *traces._OURS.values(), *traces._PARTS.values()}) == len(kinds) + 2
    assert traces._PARTS.keys() <= TABLE.works.keys()


def test_a_step_has_a_span_that_says_how_far_the_command_is(exporter: InMemorySpanExporter) -> None:
    before = replace(begun(GetMonitoringReport(station="CS-1", id="c1")), trace=TRACE)
    for item in (news.Sent(1.0, 0, (1, 1)), news.Woke(2000.0)):
        traces.stepped(before, TABLE.advance(before, item), item, 1.0)
        untraced = replace(before, trace=None)
        traces.stepped(untraced, TABLE.advance(untraced, item), item, 1.0)
    sent, woke = told(exporter)
    assert (sent.name, woke.name) == ("process sent", "woke")
    assert (sent.kind.name, woke.kind.name) == ("CONSUMER", "INTERNAL")
    assert sent.attributes is not None
    assert woke.attributes is not None
    assert sent.attributes["ocppdiag.state"] == "sent"
    assert woke.attributes["ocppdiag.failure"] == Failure.NO_ANSWER
    assert woke.attributes["ocppdiag.outcome"] == "expired"


def test_a_step_that_is_no_end_says_nothing_of_one(exporter: InMemorySpanExporter) -> None:
    before = replace(begun(GetLog(station="CS-1", id="c1")), trace=TRACE)
    traces.stepped(before, Step(before), news.LogArriving(1.0, 1, None), 1.0)
    (span,) = told(exporter)
    assert span.name == "process upload_received"
    assert span.status.is_unset


def test_the_context_fits_the_longest_upload_address() -> None:
    command = GetLog(station="C" * 48, id="c" * 64, max_bytes=2**31 - 1)
    operation = replace(begun(command), station=command.station, trace=TRACE, due=9_999_999_999.0)
    house = dataclasses.replace(
        HOUSE, upload_url="https://".ljust(LONGEST_UPLOAD_URL, "u"), upload_key=KEY, max_upload_bytes=2**53
    )
    address = ask(operation, house).request.model_dump()["log"]["remote_location"]
    assert len(address) <= LONGEST_REMOTE_LOCATION
    token = check(address.rstrip("/").rpartition("/")[2], KEY, 0)
    assert token == UploadToken(command.station, command.id, OWNER, 9_999_999_999, 2**31 - 1, TRACE)
