"""What traces cost when something falls: a worker, the collector, or the processes at their end."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from bare import BareStation, Payload, bare_station
from charge_point import put
from collector import collecting, ended
from installation import Installation, install
from outages import until
from private import private

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, GetLog, Outcome
from ocppdiag_local.services import Services
from ocppdiag_local.stack import Process, start

PROCESSED = "process ocppdiag.commands:get_log:ocppdiag.commands"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """Here no worker takes part that a test has not started."""
    async with private(tmp_path_factory.mktemp("apart")) as servers:
        yield servers.services


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


async def test_another_worker_goes_on_with_the_trace(apart: Services, tmp_path: Path, name: str) -> None:
    """Everything that a trace hangs on lies in the record: the first worker is killed between two steps."""
    async with (
        collecting() as collector,
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
            spans = await collector.told_of(name)
    workers = [span for span in spans if span.service == "ocppdiag-worker"]
    (begun,) = [span for span in workers if span.name == PROCESSED]
    (stored,) = [span for span in workers if span.name == "process upload_stored"]
    assert stored.instance != begun.instance
    assert {span.parent for span in spans if span != begun} == {begun.id}


async def test_a_collector_in_trouble_costs_a_line_of_log_and_no_command(
    apart: Services, tmp_path: Path, name: str
) -> None:
    async with collecting() as collector:
        collector.manner = "refuses"
        settings = {**collector.variables, "OTEL_EXPORTER_OTLP_TIMEOUT": "20"}
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
            collector.let_go.set()
    assert [end.outcome for end in ends] == [Outcome.COMPLETED] * 4
    assert Counter(line["process"] for line in made.said("spans_unsent")) == {
        "gateway": 1,
        "worker": 1,
        "uploads": 1,
    }
    assert not made.said("library")
    assert collector.url not in made.everything_said()


async def test_what_is_not_told_yet_is_told_at_the_end(apart: Services, tmp_path: Path, name: str) -> None:
    async with collecting() as collector:
        late = {**collector.variables, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        async with (
            install(apart, tmp_path, late) as made,
            made.station(name),
            made.diagnostics() as diagnostics,
        ):
            assert (await settled(diagnostics, name)).outcome is Outcome.COMPLETED
            assert not collector.tries
    told = {f"ocppdiag-{process}" for process in ("gateway", "uploads", "worker")}
    assert {span.service for span in collector.spans} == told
    assert ended(collector.spans)


async def settled(diagnostics: Diagnostics, station: str) -> CommandSettled:
    command = GetLog(station=station)
    await diagnostics.send(command)
    return await asyncio.wait_for(diagnostics.settle(command), 20)
