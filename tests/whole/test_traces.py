"""A command is one trace, from its publisher to its end, as a collector gets it from whole processes."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
import traced_service
from bare import Payload, bare_station
from charge_point import put
from collector import Collector, collecting, ended
from installation import Installation, install
from private import private

from ocppdiag_contracts import GetLog, Outcome
from ocppdiag_contracts.commands import CustomerInformation, IdToken
from ocppdiag_contracts.trace_context import HEADER
from ocppdiag_local.services import Services

PROCESSED = "process ocppdiag.commands:get_log:ocppdiag.commands"
PUBLISHED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """No worker takes part here that has no collector."""
    async with private(tmp_path_factory.mktemp("servers")) as servers:
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
    spans = await collector.told_of(name)
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
        spans = await collector.told_of(name)
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


async def test_a_failed_command_says_so_and_why(
    traced: Installation, collector: Collector, name: str
) -> None:
    async with bare_station(traced, name) as station, traced.diagnostics() as diagnostics:
        station.answers = lambda _, __: ("SecurityError", f"canary-{name}", {})
        command = GetLog(station=name)
        await diagnostics.send(command)
        await asyncio.wait_for(diagnostics.settle(command), 20)
        spans = await collector.told_of(name, uploads=0)
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
