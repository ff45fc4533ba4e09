"""A gateway as it stands at the edge, with both its ports, and a bare socket that knocks there."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from certificates import HOST, ORGANISATION, Authority, Pair
from installation import Installation, install

from ocppdiag_contracts.events import StationSuspected
from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_local.services import Services
from ocppdiag_redis import Credentials

PROXY = "127.0.0.9"
"""All of 127.0.0.0/8 is this machine: this address of it is the proxy that the gateway trusts."""

SECONDS = 10


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


@dataclass(frozen=True)
class Answer:
    """What the gateway said to a request; 101 is followed by a websocket, which is dropped."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Edge:
    """An installation whose gateway listens with and without TLS."""

    made: Installation
    folder: Path
    servers: Authority
    stations: Authority

    @property
    def plain_port(self) -> int:
        return int(self.made.gateway.ready.result()["port"])

    @property
    def tls_port(self) -> int:
        return int(self.made.gateway.ready.result()["tls_port"])

    async def register(self, name: str, profile: SecurityProfile, serial: str = "") -> str:
        credentials = Credentials(self.made.redis, self.made.keys.credential_key.encode())
        return await credentials.issue(name, profile, serial)

    def client(self, certificate: Pair | None = None) -> ssl.SSLContext:
        """What a station needs for TLS."""
        context = ssl.create_default_context(cafile=self.servers.save_pem(self.folder / "servers.pem"))
        if certificate:
            folder = certificate.save(self.folder / f"station-{certificate.certificate.serial_number}")
            context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        return context

    async def knock(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        *,
        offers: str | None = "ocpp2.0.1",
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> Answer:
        """Ask for an upgrade, and hang up."""
        request = {
            "Host": HOST,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": b64encode(bytes(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **({"Sec-WebSocket-Protocol": offers} if offers is not None else {}),
            **(headers or {}),
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.items()), "", ""]
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                self.tls_port if tls else self.plain_port,
                local_addr=(address, 0),
                ssl=tls,
                server_hostname=HOST if tls else None,
            )
            try:
                writer.write("\r\n".join(lines).encode())
                status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                got = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
                body = await reader.readexactly(int(got.get("content-length", "0")))
            finally:
                writer.transport.abort()
        return Answer(int(status.split()[1]), got, body.decode())

    def refused(self, name: str) -> list[str]:
        """The real reasons of which the log tells for one station."""
        return [line["reason"] for line in self.made.said("upgrade_refused", station=name)]

    @asynccontextmanager
    async def suspicions(self, name: str) -> AsyncIterator[list[str]]:
        """What all who listen are told of a station in this block, of which something is to be told."""
        told: list[str] = []

        async def listen() -> None:
            async with self.made.diagnostics() as diagnostics:
                async for event in diagnostics.watch(f"station_suspected.{name}"):
                    assert isinstance(event, StationSuspected)
                    told.append(f"{event.reason}: {event.detail}")

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.5)
        try:
            yield told
            async with asyncio.timeout(SECONDS):
                while not told:  # noqa: ASYNC110 (the list has no bell)
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def edge(services: Services, folder: Path) -> AsyncIterator[Edge]:
    """With the limits that a gateway has unless told otherwise."""
    servers, stations = Authority.new("Servers"), Authority.new("Stations")
    settings = {
        "OCPPDIAG_HANDSHAKES_PER_STATION": "1",
        "OCPPDIAG_TLS_PORT": "0",
        "OCPPDIAG_TLS_CERTIFICATES": json.dumps([str(servers.server().save(folder / "server"))]),
        "OCPPDIAG_TLS_CLIENT_CA": str(stations.save_pem(folder / "stations.pem")),
        "OCPPDIAG_ORGANISATION": ORGANISATION,
        "OCPPDIAG_TRUSTED_PROXIES": json.dumps([f"{PROXY}/32"]),
        "OCPPDIAG_PROXY_CERTIFICATE_HEADER": "X-Client-Cert",
    }
    async with install(services, folder / "logs", settings) as made:
        yield Edge(made, folder, servers, stations)
