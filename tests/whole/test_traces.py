"""A command is one trace, from its publisher to its end, as a collector gets it from whole processes."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
import traced_service
from bare import BareStation, Payload, bare_station
from charge_point import put
from collector import Collector, Span, collecting
from installation import Installation, install
from outages import until
from private import private

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, GetLog, Outcome
from ocppdiag_contracts.commands import CustomerInformation, IdToken
from ocppdiag_contracts.trace_context import HEADER
from ocppdiag_local.services import Services
from ocppdiag_local.stack import Process, start

PROCESSED = "process ocppdiag.commands:get_log:ocppdiag.commands"
PUBLISHED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """No worker takes part here that has no collector."""
    async with private(tmp_path_factory.mktemp("servers")) as servers:
        yield servers.services


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """Here no worker takes part that a test has not started."""
    async with private(tmp_path_factory.mktemp("apart")) as servers:
        yield servers.services


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traced(
    servers: Services, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    async with install(servers, tmp_path_factory.mktemp("logs"), collector.variables) as made:
        yield made


def of_trace(spans: Iterable[Span], trace: str) -> list[Span]:
    return [span for span in spans if span.trace == trace]


def ended(spans: Iterable[Span]) -> bool:
    return any("ocppdiag.outcome" in span.attributes for span in spans)


async def until_ended(collector: Collector, station: str, uploads: int = 1) -> list[Span]:
    """All spans of the one trace that is about this station."""

    def enough(spans: list[Span]) -> bool:
        ours = [span for span in spans if span.attributes.get("ocppdiag.station") == station]
        uploaded = sum(span.service == "ocppdiag-uploads" for span in ours)
        called = any(span.service == "ocppdiag-gateway" for span in ours)
        return called and uploaded >= uploads and ended(ours)

    await collector.until(enough)
    await asyncio.sleep(0.5)  # for what was under way, and should not have been
    (trace,) = {span.trace for span in collector.spans if span.attributes.get("ocppdiag.station") == station}
    return of_trace(collector.spans, trace)


async def test_one_trace_leads_from_the_publisher_through_all_processes_to_the_end(
    traced: Installation, collector: Collector, name: str
) -> None:
    async with traced.station(name), await aio_pika.connect(traced.services.amqp_url) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind("ocppdiag.events", f"*.{name}")
        service = await asyncio.create_subprocess_exec(
            sys.executable,
            traced_service.__file__,
            traced.services.amqp_url,
            name,
            env={**os.environ, **collector.variables, "OTEL_SERVICE_NAME": "billing"},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(service.communicate(), 60)
        assert said.split() == [b"completed"]
        events = {}
        while message := await heard.get(no_ack=True, fail=False):
            events[message.type] = message.headers.get(HEADER)
    spans = await until_ended(collector, name)
    names = {span.id: span.name for span in spans}
    tree = Counter((span.service, span.kind, span.name, names.get(span.parent, "")) for span in spans)
    assert tree == {
        ("billing", "INTERNAL", "ask", ""): 1,
        ("billing", "PRODUCER", "send ocppdiag.commands:get_log", "ask"): 1,
        ("ocppdiag-worker", "CONSUMER", PROCESSED, "send ocppdiag.commands:get_log"): 1,
        ("ocppdiag-gateway", "CLIENT", "CALL GetLog", PROCESSED): 1,
        ("ocppdiag-worker", "CONSUMER", "process sent", PROCESSED): 1,
        ("ocppdiag-worker", "CONSUMER", "process CALLRESULT", PROCESSED): 1,
        ("ocppdiag-worker", "CONSUMER", "process LogStatusNotification", PROCESSED): 2,
        ("ocppdiag-uploads", "SERVER", "PUT /{token}/", PROCESSED): 1,
        ("ocppdiag-worker", "CONSUMER", "process upload_stored", PROCESSED): 1,
    }
    (begun,) = [span for span in spans if span.name == PROCESSED]
    told = {kind: context for kind, context in events.items() if kind in TOLD}
    assert told == dict.fromkeys(TOLD, begun.context)
    (call,) = [span for span in spans if span.service == "ocppdiag-gateway"]
    assert call.noted == ("sent",)
    assert call.attributes.items() >= {"ocpp.action": "GetLog", "ocpp.version": "ocpp2.0.1"}.items()
    assert begun.began <= call.began <= call.ended
    (upload,) = [span for span in spans if span.service == "ocppdiag-uploads"]
    assert upload.attributes["http.response.status_code"] == 201
    (last,) = [span for span in spans if "ocppdiag.outcome" in span.attributes]
    assert last.attributes["ocppdiag.outcome"] == "completed"
    assert not any(span.failed for span in spans)


TOLD = {"command_queued", "command_sent", "command_accepted", "log_stored", "command_settled"}


async def asked(made: Installation, command: GetLog | CustomerInformation, headers: dict[str, str]) -> None:
    """Send a command as any AMQP client does."""
    async with await aio_pika.connect(made.services.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange("ocppdiag.commands")
        body = command.model_dump_json(exclude_none=True).encode()
        message = aio_pika.Message(body, headers=dict(headers), reply_to="nobody")
        await exchange.publish(message, command.command)


@pytest.mark.parametrize(
    ("headers", "parent"),
    [
        ({HEADER: PUBLISHED}, PUBLISHED),
        ({}, ""),
        ({HEADER: f"{PUBLISHED}-and-no-context"}, ""),
    ],
)
async def test_a_context_in_the_header_is_gone_on_with_and_none_begins_a_trace(
    traced: Installation, collector: Collector, name: str, headers: dict[str, str], parent: str
) -> None:
    async with traced.station(name):
        await asked(traced, GetLog(station=name), headers)
        spans = await until_ended(collector, name)
    (begun,) = [span for span in spans if span.name == PROCESSED]
    assert begun.parent == parent[36:52]
    assert (begun.trace == parent[3:35]) is bool(parent)
    assert {span.parent for span in spans if span != begun} == {begun.id}


async def test_what_a_publisher_does_not_sample_is_told_by_nobody(
    traced: Installation, collector: Collector, name: str
) -> None:
    async with traced.station(name), traced.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await asked(traced, command, {HEADER: f"{PUBLISHED[:-2]}00"})
        await diagnostics.send(command)
        assert (await asyncio.wait_for(diagnostics.settle(command), 20)).outcome is Outcome.COMPLETED
        seen = GetLog(station=name)
        await asked(traced, seen, {})
        await collector.until(
            lambda spans: ended(
                span for span in spans if span.attributes.get("ocppdiag.command_id") == seen.id
            )
        )
    told = [span for span in collector.spans if span.attributes.get("ocppdiag.command_id") == command.id]
    assert {span.name for span in told} <= {PROCESSED}  # of the repeat, which has no context
    assert len(told) <= 1


@asynccontextmanager
async def holding(station: BareStation) -> AsyncIterator[tuple[asyncio.Event, asyncio.Event]]:
    """Have it upload a log only when it is let: whether it was asked, and the leave."""
    asked_for, let = asyncio.Event(), asyncio.Event()

    async def then(action: str, payload: Payload) -> None:
        if action == "GetLog":
            number = payload["requestId"]
            asked_for.set()
            await let.wait()
            await station.say("LogStatusNotification", {"status": "Uploading", "requestId": number})
            assert await asyncio.to_thread(put, payload["log"]["remoteLocation"], b"power: L1") == 201
            await station.say("LogStatusNotification", {"status": "Uploaded", "requestId": number})

    station.then = then
    yield asked_for, let


def process(made: Installation, name: str) -> Process:
    return next(process for process in made.running.processes if process.name == name)


async def test_another_worker_goes_on_with_the_trace(
    apart: Services, collector: Collector, tmp_path: Path, name: str
) -> None:
    """Everything that a trace hangs on lies in the record: the first worker is killed between two steps."""
    async with (
        install(apart, tmp_path, collector.variables) as made,
        made.diagnostics() as client,
        bare_station(made, name) as station,
        holding(station) as (asked_for, let),
    ):
        command = GetLog(station=name)
        await client.send(command)
        await asyncio.wait_for(asked_for.wait(), 15)
        accepted = {"ocppdiag.station": name, "ocppdiag.state": "accepted"}.items()
        await collector.until(lambda spans: any(accepted <= span.attributes.items() for span in spans))
        os.kill(process(made, "worker").pid, signal.SIGKILL)
        variables = {
            "OCPPDIAG_AMQP_URL": apart.amqp_url,
            "OCPPDIAG_REDIS_URL": apart.redis_url,
            "OCPPDIAG_UPLOAD_KEY": made.keys.upload_key,
            "OCPPDIAG_UPLOAD_URL": made.running.upload_url,
            **collector.variables,
        }
        async with start("worker", "ocppdiag_workers", variables, lambda *_: None):
            let.set()
            assert (await asyncio.wait_for(client.settle(command), 40)).outcome is Outcome.COMPLETED
            spans = await until_ended(collector, name)
    workers = [span for span in spans if span.service == "ocppdiag-worker"]
    (begun,) = [span for span in workers if span.name == PROCESSED]
    (stored,) = [span for span in workers if span.name == "process upload_stored"]
    assert stored.instance != begun.instance
    assert {span.parent for span in spans if span != begun} == {begun.id}


async def test_a_failed_command_says_so_and_why(
    traced: Installation, collector: Collector, name: str
) -> None:
    async with bare_station(traced, name) as station, traced.diagnostics() as diagnostics:
        station.answers = lambda _, __: ("SecurityError", f"canary-{name}", {})
        command = GetLog(station=name)
        await diagnostics.send(command)
        await asyncio.wait_for(diagnostics.settle(command), 20)
        spans = await until_ended(collector, name, uploads=0)
    (call,) = [span for span in spans if span.name == "CALL GetLog"]
    assert call.failed
    assert call.attributes["error.type"] == "SecurityError"
    (last,) = [span for span in spans if "ocppdiag.outcome" in span.attributes]
    assert last.failed
    assert last.attributes["ocppdiag.failure"] == last.attributes["error.type"]


async def test_no_span_holds_what_is_personal_or_secret(
    traced: Installation, collector: Collector, name: str
) -> None:
    canary = f"canary{uuid4().hex}"[:16]
    addresses: list[str] = []
    async with bare_station(traced, name) as station, traced.diagnostics() as diagnostics:

        async def then(action: str, payload: Payload) -> None:
            number = payload["requestId"]
            if action == "GetLog" and not addresses:
                addresses.append(payload["log"]["remoteLocation"])
                assert await asyncio.to_thread(put, f"{addresses[0]}{canary}.log", canary.encode()) == 201
                assert await asyncio.to_thread(put, f"{addresses[0]}{canary}.log", canary.encode()) == 409
                await station.say("LogStatusNotification", {"status": "Uploaded", "requestId": number})
            elif action == "CustomerInformation":
                part = {
                    "requestId": number,
                    "generatedAt": "2026-01-31T12:00:00Z",
                    "seqNo": 0,
                    "data": canary,
                }
                await station.say("NotifyCustomerInformation", part)

        station.then = then
        by_token = IdToken(id_token=canary, type="Central")
        commands: list[GetLog | CustomerInformation] = [
            GetLog(station=name),
            GetLog(station=name, remote_location=f"ftp://{canary}:{canary}@127.0.0.2/{canary}/"),
            CustomerInformation(station=name, report=True, clear=False, id_token=by_token),
        ]
        for command in commands:
            await diagnostics.send(command)
            await asyncio.wait_for(diagnostics.settle(command), 20)
        station.answers = lambda _, __: (canary, canary, {"": canary})
        await diagnostics.send(GetLog(station=name))
        wrong = {**json.loads(commands[0].model_dump_json()), "id": canary, "log_type": canary}
        async with await aio_pika.connect(traced.services.amqp_url) as connection:
            exchange = await (await connection.channel()).get_exchange("ocppdiag.commands")
            await exchange.publish(aio_pika.Message(json.dumps(wrong).encode()), "get_log")
        await collector.until(
            lambda spans: (
                any(span.attributes.get("error.type") == "invalid_command" for span in spans)
                and any(span.attributes.get("error.type") == "_OTHER" for span in spans)
            )
        )
        await asyncio.sleep(0.5)
    names = {span.name for span in collector.spans if span.attributes.get("ocppdiag.station") == name}
    assert {"CALL CustomerInformation", "process NotifyCustomerInformation", "PUT /{token}/"} <= names
    everything = b"".join(collector.bodies)
    (address,) = addresses
    token = address.rstrip("/").rpartition("/")[2]
    assert len(token) > 100
    password = traced.services.amqp_url.partition("@")[0].rpartition(":")[2]
    secrets = [canary, token, traced.keys.upload_key, f":{password}@", "127.0.0.1", quote(canary)]
    assert [secret for secret in secrets if secret.encode() in everything] == []


async def test_a_collector_in_trouble_costs_a_line_of_log_and_no_command(
    apart: Services, tmp_path: Path, name: str
) -> None:
    async with collecting() as collector:
        collector.manner = "refuses"
        settings = {**collector.variables, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
        async with (
            install(apart, tmp_path, settings) as made,
            made.station(name),
            made.diagnostics() as diagnostics,
        ):
            ends = [await settled(diagnostics, name) for _ in range(3)]
            await until(lambda: len(made.said("spans_unsent")) == len(made.running.processes))
            collector.manner, tries = "hangs", collector.tries
            ends.append(await settled(diagnostics, name))
            await until(lambda: collector.tries > tries)
            worker, began = process(made, "worker"), time.monotonic()
            os.kill(worker.pid, signal.SIGTERM)
            await asyncio.wait_for(worker.wait(), 15)
            assert time.monotonic() - began < 8
            assert made.said("stopped")
    assert [end.outcome for end in ends] == [Outcome.COMPLETED] * 4
    assert Counter(line["process"] for line in made.said("spans_unsent")) == {
        "gateway": 1,
        "worker": 1,
        "uploads": 1,
    }
    assert not made.said("library")
    assert collector.url not in made.everything_said()


async def settled(diagnostics: Diagnostics, station: str) -> CommandSettled:
    command = GetLog(station=station)
    await diagnostics.send(command)
    return await asyncio.wait_for(diagnostics.settle(command), 20)
