"""A gateway, a worker and an upload receiver around a log: what they count moves as it should, and names nobody."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aio_pika
import pytest
from installation import Installation
from looking import Scrape, look, ports, scrape
from metrics_table import rows
from strangers import refused

from ocppdiag_contracts import GetLog, Outcome
from ocppdiag_contracts.commands import Command, GetMonitoringReport
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS
from ocppdiag_local.services import Services

PROCESSES = ("gateway", "worker", "uploads")
CALLS = ("BootNotification", "StatusNotification", "LogStatusNotification", "NotifyMonitoringReport")


@dataclass(frozen=True)
class Watched:
    """An installation that is looked at."""

    made: Installation
    ports: dict[str, int]

    async def scrapes(self) -> dict[str, Scrape]:
        return {name: await scrape(self.ports[name]) for name in PROCESSES}

    async def until(self, holds: Callable[[dict[str, Scrape]], bool]) -> dict[str, Scrape]:
        """What is counted once this holds."""
        for _ in range(200):
            scrapes = await self.scrapes()
            if holds(scrapes):
                return scrapes
            await asyncio.sleep(0.05)
        pytest.fail("it is not so after 10 s")


@pytest.fixture
def installed(installation: Installation) -> Watched:
    """The one that all tests share: a worker of another would take half of what there is."""
    return Watched(installation, ports(installation))


async def carry_out(made: Installation, command: Command) -> None:
    """Have it done, to its end."""
    async with made.diagnostics() as diagnostics:
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 20)
    assert end.outcome is Outcome.COMPLETED


def nobody_is_named(scrapes: Mapping[str, Scrape], made: Installation, *secrets: str) -> None:
    everything = "".join(each.text for each in scrapes.values())
    assert "ocppdiag_gateway_connections" in everything
    assert not [each for each in (*secrets, *made.keys.model_dump().values()) if each in everything]


async def no_command(services: Services) -> None:
    """Send what is none, to be parked."""
    async with await aio_pika.connect(services.amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(COMMANDS.name)
        await exchange.publish(aio_pika.Message(b"no command"), "get_log")


def closed(scrapes: Mapping[str, Scrape]) -> float:
    return scrapes["gateway"].value("ocppdiag_gateway_disconnects_total", code="1000")


def taken(scrapes: Mapping[str, Scrape]) -> float:
    settled = {"queue": "ocppdiag.commands", "outcome": "acked"}
    return scrapes["worker"].value("ocppdiag_amqp_settled_total", **settled)


def unanswered(scrapes: Mapping[str, Scrape]) -> float:
    return called(scrapes, "received", "call") - called(scrapes, "sent", "callresult")


def called(scrapes: Mapping[str, Scrape], direction: str, type_: str) -> float:
    frames, way = "ocppdiag_gateway_frames_total", {"direction": direction, "type": type_}
    return sum(scrapes["gateway"].value(frames, **way, action=action) for action in CALLS)


async def test_a_log_from_a_station_to_a_file_is_counted_in_each_process_that_it_went_through(
    installed: Watched, name: str
) -> None:
    before = await installed.scrapes()
    await refused(installed.made, name)
    async with installed.made.station(name):
        during = await installed.scrapes()
        command = GetLog(station=name)
        await carry_out(installed.made, command)
        await carry_out(installed.made, GetMonitoringReport(station=name))
        await installed.until(lambda scrapes: unanswered(scrapes) == unanswered(before))
    await no_command(installed.made.services)
    (file,) = (installed.made.logs / name).iterdir()
    size = file.stat().st_size
    after = await installed.until(
        lambda scrapes: closed(scrapes) > closed(before) and taken(scrapes) >= taken(before) + 3
    )

    def grew(process: str, metric: str, **labels: str) -> float:
        return after[process].value(metric, **labels) - before[process].value(metric, **labels)

    def frames(direction: str, type_: str, action: str) -> float:
        labels = {"direction": direction, "type": type_, "action": action}
        return grew("gateway", "ocppdiag_gateway_frames_total", **labels)

    connected = {"version": "ocpp2.0.1"}
    assert [each["gateway"].value("ocppdiag_gateway_connections", **connected) for each in (before, during, after)] == [0, 1, 0]  # fmt: skip
    assert grew("gateway", "ocppdiag_gateway_handshakes_total", outcome="accepted") == 1
    assert grew("gateway", "ocppdiag_gateway_handshakes_total", outcome="unauthorized") == 1
    assert frames("sent", "call", "GetLog") == frames("received", "callresult", "GetLog") == 1
    notified = frames("received", "call", "LogStatusNotification")
    assert notified == frames("sent", "callresult", "LogStatusNotification") >= 2
    calls = called(after, "received", "call") - called(before, "received", "call")
    assert grew("gateway", "ocppdiag_gateway_answer_seconds_count") == calls
    assert 0 < grew("gateway", "ocppdiag_gateway_answer_seconds_sum") < 10
    assert grew("gateway", "ocppdiag_gateway_calls_ended_total", outcome="answered") == 2
    assert grew("gateway", "ocppdiag_gateway_station_seconds_count") == 2
    assert grew("gateway", "ocppdiag_gateway_order_age_seconds_count") >= 2
    assert 0 < grew("gateway", "ocppdiag_gateway_order_age_seconds_sum") < 10
    assert grew("gateway", "ocppdiag_gateway_disconnects_total", code="1000") == 1

    assert grew("worker", "ocppdiag_worker_commands_total", command="get_log") == 1
    for asked in (
        "get_log",
        "get_monitoring_report",
    ):  # an end that concerns others too, and one that does not
        ended = {"command": asked, "outcome": "completed", "failure": "none"}
        assert grew("worker", "ocppdiag_worker_operations_ended_total", **ended) == 1
        assert 0 < grew("worker", "ocppdiag_worker_operation_seconds_sum", command=asked) < 10
    records = {"kind": "call", "action": "LogStatusNotification"}
    assert grew("worker", "ocppdiag_worker_records_total", **records) == notified
    assert 0 < grew("worker", "ocppdiag_worker_record_age_seconds_sum") < 10
    assert grew("worker", "ocppdiag_worker_records_total", kind="upload_stored", action="none") == 1
    assert grew("worker", "ocppdiag_worker_parked_total", reason="no command") == 1
    assert taken(after) - taken(before) == 3
    assert (
        grew("worker", "ocppdiag_redis_commands_total")
        > grew("worker", "ocppdiag_redis_pipeline_seconds_count")
        > 0
    )

    assert grew("uploads", "ocppdiag_uploads_total", outcome="stored") == 1
    assert grew("uploads", "ocppdiag_uploads_bytes_total") == size
    assert grew("uploads", "ocppdiag_uploads_seconds_count") == 1
    stored = {"exchange": "ocppdiag.station", "outcome": "confirmed"}
    for process in PROCESSES:
        assert grew(process, "ocppdiag_amqp_publishes_total", **stored) > 0 or process == "worker"
        assert (
            after[process].value("ocppdiag_loop_lag_seconds_count") is not None
        )  # it is looked at now and then
        assert after[process].value("ocppdiag_amqp_up", connection="consumes") == 1
    for scrapes in (before, during, after):
        nobody_is_named(scrapes, installed.made, name, command.id, "wrong-password-7")


async def test_an_open_command_its_age_and_the_time_of_its_waking_are_seen_by_the_worker(
    installed: Watched, name: str
) -> None:
    oldest = "ocppdiag_operations_oldest_seconds"

    async def until(holds: Callable[[float], bool]) -> Scrape:
        found = await installed.until(lambda scrapes: holds(scrapes["worker"].value(oldest)))
        return found["worker"]

    await until(lambda age: age == 0)  # an earlier one is counted a little longer than it is open
    async with installed.made.diagnostics() as diagnostics, installed.made.station(name, "never-answers"):
        command = GetLog(station=name, deadline=now() + timedelta(seconds=4))
        sent = time.monotonic()
        await diagnostics.send(command)
        for found in (await until(lambda age: age > 0), await until(lambda age: age > 1)):
            assert found.value("ocppdiag_operations_open") == 1
            assert found.value("ocppdiag_operations_overdue_seconds") == 0
            assert found.value(oldest) <= time.monotonic() - sent
        await asyncio.wait_for(diagnostics.settle(command), 20)
    assert (await until(lambda age: age == 0)).value("ocppdiag_operations_open") == 0


async def test_every_metric_of_the_table_is_there_and_no_other(installed: Watched) -> None:
    scrapes = await installed.scrapes()
    for process in PROCESSES:
        types = {family.type for family in scrapes[process].families.values()}
        assert types == {"counter", "gauge", "histogram"}
        found = {
            f"{name}_total" if family.type == "counter" else name
            for name, family in scrapes[process].families.items()
        }
        assert found == {row.name for row in rows() if process in row.processes}


async def test_all_are_alive_and_ready(installed: Watched) -> None:
    for port in installed.ports.values():
        assert await look(port, "/live") == (200, "It is alive.\n")
        assert await look(port, "/ready") == (200, "It is ready.\n")


async def test_who_asks_for_openmetrics_gets_it(installed: Watched) -> None:
    _, text = await look(
        installed.ports["gateway"], "/metrics", "application/openmetrics-text; version=1.0.0"
    )
    assert text.endswith("# EOF\n")
