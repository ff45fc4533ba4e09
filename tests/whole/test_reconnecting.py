"""Connections that go with a CALL in flight, under real processes: asked again where that does no harm, else the end."""

import time
from contextlib import AsyncExitStack

import aio_pika
from bare import bare_station
from installation import Installation
from msgspec import Raw
from outages import another_gateway, asked, end_of, heard, kill, level, silent_to, tells_monitors, until
from reports import GENERATED_AT, monitored

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import Command, CustomerInformation, GetLog, GetMonitoringReport
from ocppdiag_contracts.events import CommandRepeated, CommandWaiting, MonitoringReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.topology import OWNER, STATION, station_key
from ocppdiag_local.services import Services


async def test_a_report_is_asked_again_on_the_next_connection_and_completes(
    installation: Installation, name: str
) -> None:
    command = GetMonitoringReport(station=name)
    async with installation.diagnostics() as diagnostics:
        async with bare_station(installation, name) as station:
            station.answers = silent_to("GetMonitoringReport")
            await diagnostics.send(command)
            await until(lambda: asked(station, "GetMonitoringReport"))
            station.socket.transport.abort()
            first = asked(station, "GetMonitoringReport")
        waits = await heard(diagnostics, command, CommandWaiting)
        assert isinstance(waits, CommandWaiting)
        assert waits.reason == "connection_lost"
        async with bare_station(installation, name) as station:
            tells_monitors(station)
            end = await end_of(diagnostics, command, 15)
            assert asked(station, "GetMonitoringReport") == first
    assert end.outcome is Outcome.COMPLETED
    assert isinstance(end.result, MonitoringReport)


async def test_what_may_not_be_repeated_ends_as_soon_as_the_connection_has_gone(
    installation: Installation, name: str
) -> None:
    command = CustomerInformation(station=name, clear=True, customer_identifier="x")
    async with installation.diagnostics() as diagnostics:
        async with bare_station(installation, name) as station:
            station.answers = silent_to("CustomerInformation")
            await diagnostics.send(command)
            await until(lambda: asked(station, "CustomerInformation"))
            station.socket.transport.abort()
            end = await end_of(diagnostics, command, 5)
        assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.CONNECTION_LOST)
        async with bare_station(installation, name) as station:
            await station.say("Heartbeat", {})
            assert station.asked == []


async def test_a_gateway_killed_with_calls_in_flight_is_found_out_when_the_stations_are_back(
    mine: Installation, name: str
) -> None:
    names = [f"{name}-harmless", f"{name}-log"]
    report: Command = GetMonitoringReport(station=names[0])
    log: Command = GetLog(station=names[1])
    async with mine.diagnostics() as diagnostics, AsyncExitStack() as exits:
        for station_name, command, action in zip(
            names, (report, log), ("GetMonitoringReport", "GetLog"), strict=True
        ):
            station = await exits.enter_async_context(bare_station(mine, station_name))
            station.answers = silent_to(action)
            await diagnostics.send(command)
            await until(lambda s=station, a=action: asked(s, a))  # type: ignore[misc]
        kill(mine, "gateway")
        here = await exits.enter_async_context(another_gateway(mine))
        began = time.monotonic()
        async with bare_station(here, names[0]) as harmless, bare_station(here, names[1]) as other:
            tells_monitors(harmless)
            ended = await end_of(diagnostics, log, 10)
            assert (ended.outcome, ended.failure) == (Outcome.FAILED, Failure.CONNECTION_LOST)
            assert (await end_of(diagnostics, report, 10)).outcome is Outcome.COMPLETED
            assert time.monotonic() - began < 8
            assert other.asked == []
            assert len(asked(harmless, "GetMonitoringReport")) == 1


async def test_a_late_answer_of_the_old_connection_changes_nothing(
    installation: Installation, services: Services, name: str
) -> None:
    command = level(name, 3)
    async with (
        installation.diagnostics() as diagnostics,
        await aio_pika.connect(services.amqp_url) as connection,
    ):
        exchange = await (await connection.channel()).get_exchange(STATION.name)
        async with bare_station(installation, name) as station:
            station.answers = silent_to("SetMonitoringLevel")
            await diagnostics.send(command)
            await until(lambda: asked(station, "SetMonitoringLevel"))
            lease = await installation.directory.find(name)
            station.socket.transport.abort()
        assert lease is not None
        late = link.Answered(
            station=name,
            node=lease.node,
            connection=lease.connection,
            epoch=lease.epoch,
            seq=9,
            at=time.time(),
            version=lease.version,
            owner=OWNER,
            tag=command.id,
            action="SetMonitoringLevel",
            payload=Raw(b'{"status":"Rejected"}'),
        )
        body = aio_pika.Message(link.join([link.encode(late)]))

        async def told() -> None:
            await exchange.publish(body, station_key("result", OWNER, 0))
            for _ in range(2):
                await station.say("Heartbeat", {})

        await heard(diagnostics, command, CommandWaiting)
        async with bare_station(installation, name) as station:
            station.answers = silent_to("SetMonitoringLevel")
            await until(lambda: asked(station, "SetMonitoringLevel"))
            await told()
            station.socket.transport.abort()
        async with bare_station(installation, name) as station:
            await told()
            assert (await end_of(diagnostics, command)).outcome is Outcome.COMPLETED


async def test_the_same_command_again_is_told_how_far_it_is_and_the_station_is_asked_once(
    installation: Installation, name: str
) -> None:
    command = GetMonitoringReport(station=name)
    async with (
        installation.diagnostics() as diagnostics,
        installation.diagnostics() as restarted,
        bare_station(installation, name) as station,
    ):
        await diagnostics.send(command)
        await until(lambda: asked(station, "GetMonitoringReport"))
        await restarted.send(command)
        repeated = await heard(restarted, command, CommandRepeated)
        assert isinstance(repeated, CommandRepeated)
        (payload,) = asked(station, "GetMonitoringReport")
        assert repeated.state in ("sent", "accepted")
        assert repeated.request_id == payload["requestId"]
        part = {"requestId": payload["requestId"], "seqNo": 0, "generatedAt": GENERATED_AT}
        await station.say("NotifyMonitoringReport", {**part, "monitor": monitored(1)})
        assert (await end_of(restarted, command)).outcome is Outcome.COMPLETED
        assert len(asked(station, "GetMonitoringReport")) == 1
