"""Stations of OCPP 2.0 and 2.0.1 through the same processes: the same command, and the same events."""

import asyncio
import json
from base64 import b64encode

import pytest
from installation import Installation
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ocppdiag_contracts import GetLog, Outcome
from ocppdiag_contracts.events import Event, SecurityEventReported, StationBooted, StationConnected
from ocppdiag_contracts.versions import OcppVersion


@pytest.mark.parametrize("version", list(OcppVersion))
@pytest.mark.parametrize("scenario", ["good", "form", "retries"])
async def test_the_same_command_works_on_both(
    installation: Installation, name: str, version: OcppVersion, scenario: str
) -> None:
    async with installation.station(name, scenario, version), installation.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 20)
    assert settled.outcome is Outcome.COMPLETED, settled
    assert installation.said("session_opened", station=name, version=version.value)


@pytest.mark.parametrize("version", list(OcppVersion))
async def test_a_station_of_either_version_is_heard(
    installation: Installation, name: str, version: OcppVersion
) -> None:
    """By a bare socket, so that what is on the wire is what this test says."""
    password = await installation.password(name)
    frames = [
        '[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]',
        (
            '[2,"2","StatusNotification",{"timestamp":"2026-01-31T12:00:00Z","connectorStatus":"Faulted",'
            '"evseId":1,"connectorId":1}]'
        ),
        '[2,"3","Heartbeat",{}]',
        '[2,"4","SecurityEventNotification",{"type":"FirmwareUpdated","timestamp":"2026-01-31T12:00:00Z"}]',
        '[2,"5","SecurityEventNotification",{"type":"FirmwareUpdated","timestamp":"2026-01-31T12:00:00Z"}]',
        '[2,"6","SecurityEventNotification",{"type":"SomethingOfOurOwn","timestamp":"2026-01-31T12:00:01Z"}]',
        '[2,"7","LogStatusNotification",{"status":"Idle"}]',
    ]
    heard: list[Event] = []
    async with installation.diagnostics() as diagnostics:
        watching = diagnostics.watch(f"*.{name}")

        async def listen() -> None:
            async for event in watching:
                heard.append(event)  # noqa: PERF401 (as they come)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.5)
        async with connect(
            f"{installation.running.gateway_url}/{name}",
            subprotocols=[Subprotocol(version.value)],
            additional_headers={
                "Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
            },
        ) as socket:
            for frame in frames:
                await socket.send(frame)
                answer = json.loads(await asyncio.wait_for(socket.recv(), 10))
                assert answer[:2] == [3, json.loads(frame)[1]], answer
        await asyncio.sleep(0.5)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await watching.aclose()
    (connected,) = [event for event in heard if isinstance(event, StationConnected)]
    assert connected.version == version.value
    (booted,) = [event for event in heard if isinstance(event, StationBooted)]
    assert booted.violations == []
    security = [event for event in heard if isinstance(event, SecurityEventReported)]
    assert [event.type for event in security] == ["FirmwareUpdated", "FirmwareUpdated", "SomethingOfOurOwn"]
    assert len({event.id for event in security}) == 2, "told twice is the same event"


@pytest.mark.parametrize(
    ("version", "violations"), [(OcppVersion.V201, ["extra: extra_forbidden"]), (OcppVersion.V20, [])]
)
async def test_unknown_members_are_a_violation_where_the_version_forbids_them(
    installation: Installation, name: str, version: OcppVersion, violations: list[str]
) -> None:
    password = await installation.password(name)
    async with installation.diagnostics() as diagnostics:
        watching = diagnostics.watch(f"station_booted.{name}")
        heard = asyncio.ensure_future(anext(watching))
        await asyncio.sleep(0.5)
        async with connect(
            f"{installation.running.gateway_url}/{name}",
            subprotocols=[Subprotocol(version.value)],
            additional_headers={
                "Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
            },
        ) as socket:
            await socket.send(
                '[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"},'
                '"extra":1}]'
            )
            assert json.loads(await asyncio.wait_for(socket.recv(), 10))[2]["status"] == "Accepted"
        booted = await asyncio.wait_for(heard, 10)
        await watching.aclose()
    assert isinstance(booted, StationBooted)
    assert booted.violations == violations
