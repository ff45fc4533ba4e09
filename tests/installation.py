"""A whole installation under test: real servers, real processes, stations on real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ocppdiag_client import Diagnostics
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services
from ocppdiag_local.stack import Process, Stack, stack
from ocppdiag_redis import Credentials, Directory, Pipelined
from ocppdiag_station import SCENARIOS, SimulatedStation

DESTINATION = "ftp://127.0.0.1/logs/"
SETTINGS = {
    "OCPPDIAG_CALL_TIMEOUT": "2",
    "OCPPDIAG_LOG_LEVEL": "debug",
    "OCPPDIAG_DESTINATIONS": json.dumps([DESTINATION]),
    "OCPPDIAG_HANDSHAKES_PER_STATION": "20",  # tests are quicker than stations
}


@dataclass
class Installation:
    """What a test can reach."""

    services: Services
    keys: Keys
    logs: Path
    running: Stack
    redis: Pipelined
    lines: list[tuple[str, dict[str, Any]]]

    async def password(self, station: str) -> str:
        return await Credentials(self.redis, self.keys.credential_key.encode()).issue(station)

    @asynccontextmanager
    async def station(
        self, name: str, scenario: str = "good", version: OcppVersion = OcppVersion.V201
    ) -> AsyncIterator[SimulatedStation]:
        """A booted simulated station, gone at the end."""
        station = SimulatedStation(
            name, password=await self.password(name), version=version, scenario=SCENARIOS[scenario]
        )
        life = asyncio.create_task(station.run(self.running.gateway_url))
        booted = asyncio.create_task(station.booted.wait())
        await asyncio.wait((life, booted), timeout=15, return_when=asyncio.FIRST_COMPLETED)
        assert station.booted.is_set(), life
        try:
            yield station
        finally:
            await station.close()
            await life

    @asynccontextmanager
    async def diagnostics(self) -> AsyncIterator[Diagnostics]:
        async with Diagnostics.connect(self.services.amqp_url, name="test") as diagnostics:
            yield diagnostics

    @property
    def gateway(self) -> Process:
        (gateway,) = [process for process in self.running.processes if process.name == "gateway"]
        return gateway

    def said(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """The log lines of all processes that say this."""
        return [
            line for _, line in self.lines if line.get("event") == event and fields.items() <= line.items()
        ]

    def everything_said(self) -> str:
        return "\n".join(json.dumps(line) for _, line in self.lines)

    @property
    def directory(self) -> Directory:
        return Directory(self.redis)


@asynccontextmanager
async def install(
    services: Services, folder: Path, settings: dict[str, str] | None = None
) -> AsyncIterator[Installation]:
    lines: list[tuple[str, dict[str, Any]]] = []
    keys = Keys.new()
    redis = Pipelined.from_url(services.redis_url)
    try:
        async with stack(
            services,
            keys,
            logs=folder,
            hear=lambda name, said: lines.append((name, said)),
            settings={**SETTINGS, "OCPPDIAG_NODE": f"test-{uuid4().hex[:12]}", **(settings or {})},
        ) as running:
            yield Installation(services, keys, folder, running, redis, lines)
    finally:
        await redis.aclose()
