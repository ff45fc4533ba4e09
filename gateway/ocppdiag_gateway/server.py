"""The websocket server: leases each station that the door lets in, runs its session, and drains on the way out."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from ssl import SSLContext
from typing import cast
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ocppdiag_contracts import link
from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_gateway import admission, metrics
from ocppdiag_gateway.absent import not_here
from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.arrival import OPEN_SECONDS, Arrival, Lobby
from ocppdiag_gateway.caller import Trust
from ocppdiag_gateway.compression import COMPRESSION
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.door import Door
from ocppdiag_gateway.identity import Identity
from ocppdiag_gateway.leases import Leases
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.session import DISPLACED, Session, SteadyClock
from ocppdiag_gateway.settings import Settings
from ocppdiag_gateway.suspicions import Suspicions
from ocppdiag_gateway.switchboard import Switchboard
from ocppdiag_redis import Credentials, Directory, Lease, Older

log = structlog.get_logger()

BACKLOG = 4096
PACE_SECONDS = 0.002
"""Between two goodbyes, so that not all stations come back in one moment."""

FAREWELLS = 10
FAREWELL_SECONDS = 0.01
"""So many ends of connections are told in such a time."""

CLOSE_SECONDS = 5.0
HANDSHAKE_SECONDS = 4.0
"""How long a station has to close the connection in order."""

HEALTH = "/health"
SHUTTING_DOWN = "the gateway is shutting down"
TAKEOVERS = 3
"""More of them within a minute are no accident: two may go by one identity."""


class Gateway:
    """All sessions of this node."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        credentials: Credentials,
        uplink: Link,
        *,
        broker: Callable[[], str | None],
        tls: SSLContext | None,
    ) -> None:
        self._settings = settings
        self._broker_missing = broker
        self._directory = directory
        self._link = uplink
        self._tls = tls
        self._switchboard = Switchboard()
        self._now = SteadyClock()
        self.leases = Leases(directory, self._switchboard, self._now, settings.renew_seconds)
        self._suspicions = Suspicions(uplink, settings.node, self._now)
        self._door = Door(settings, credentials, self._suspicions.tell)
        self._trust = Trust(settings.trusted_proxies, settings.proxy_certificate_header)
        self._lobby = Lobby()
        self._farewells = asyncio.Semaphore(FAREWELLS)
        metrics.CONNECTIONS.set_function(self._connections)

    async def listen(self) -> dict[str, Server]:
        """Open the ports, and return them by the names of their settings."""
        ports = {"port": (self._settings.port, None), "tls_port": (self._settings.tls_port, self._tls)}
        return {name: await self._serve(port, tls) for name, (port, tls) in ports.items() if port is not None}

    async def _serve(self, port: int, tls: SSLContext | None) -> Server:
        settings = self._settings
        return await serve(
            self._on_socket,
            settings.host,
            port,
            ssl=tls,
            create_connection=self._lobby.connection(),
            ssl_handshake_timeout=OPEN_SECONDS if tls else None,
            open_timeout=None,  # Arrival's, which counts TLS in
            process_request=self._judge,
            select_subprotocol=_first_common,
            extensions=[COMPRESSION],
            compression=None,
            max_size=settings.max_frame_bytes,
            max_queue=4,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            close_timeout=HANDSHAKE_SECONDS,
            server_header=None,
            backlog=BACKLOG,
        )

    def take(self, order: link.ToGateway) -> None:
        """Carry out an order of a worker's, or say that its station is not here."""
        session = self._switchboard.find(order.station)
        if session and session.open:
            session.order(order)
        elif isinstance(order, link.Call | link.Withdraw):
            self._link.deliver(self._not_here(order))

    async def drain(self, servers: Collection[Server]) -> None:
        """Let nobody in, and ask each station to come back elsewhere as soon as nothing is under way with it."""
        self._door.closed = True
        for server in servers:
            server.close(close_connections=False)
        pace = min(PACE_SECONDS, self._settings.drain_seconds / 2 / (len(self._switchboard) or 1))
        for session in self._switchboard:
            session.leave(CloseCode.GOING_AWAY, SHUTTING_DOWN)
            await asyncio.sleep(pace)  # read first what has come: after its goodbye a station gets no answer
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                while len(self._switchboard):  # noqa: ASYNC110 (no hurry)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("drain_cut_short", sessions=len(self._switchboard))
        for session in self._switchboard:
            session.close(CloseCode.GOING_AWAY, SHUTTING_DOWN)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*(server.wait_closed() for server in servers))
        except TimeoutError:
            log.warning("sockets_left_open", sessions=len(self._switchboard))

    @property
    def missing(self) -> str | None:
        """Say in a sentence why a station does not do well to come here."""
        if self._door.closed:
            return "It is stopping."
        return self._broker_missing() or self.leases.missing

    def _connections(self) -> dict[tuple[str, ...], float]:
        versions = Counter(session.lease.version for session in self._switchboard)
        return {(version.value,): versions[version.value] for version in OcppVersion}

    async def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == HEALTH:
            status = HTTPStatus.SERVICE_UNAVAILABLE if self.missing else HTTPStatus.OK
            return connection.respond(status, f"{status.phrase}\n")
        arrival = cast("Arrival", connection)
        try:
            caller = arrival.caller(request.headers, self._trust)
            arrival.admitted = await self._door.admit(caller, request.path, request.headers)
        except RefusedError as refusal:
            return _refuse(connection, refusal)
        return None

    async def _on_socket(self, connection: ServerConnection) -> None:
        socket = cast("Arrival", connection)
        admitted = socket.admitted
        if admitted is None or socket.subprotocol is None:  # the handshake has seen to both
            return
        try:
            lease, older = await self._directory.acquire(
                admitted.station, self._settings.node, uuid4().hex, socket.subprotocol
            )
            still = await self._door.still(admitted)
        except (RedisError, OSError) as error:
            metrics.HANDSHAKES.add("unleased")
            log.warning("directory_unreachable", error=str(error))
            await socket.close(CloseCode.TRY_AGAIN_LATER, "try again soon")
            return
        if self._door.closed or not still:  # not seen by the drain, or revoked in this moment
            code = CloseCode.GOING_AWAY if still else CloseCode.POLICY_VIOLATION
            await self.leases.release(lease)
            await socket.close(code, SHUTTING_DOWN if still else "not let in any more")
            return
        session = self._session(socket, lease)
        self._displace(session, older)
        metrics.HANDSHAKES.add("accepted")
        try:
            await session.run()
        finally:
            self._switchboard.unplug(session)
            await self._farewell(session)

    async def _farewell(self, session: Session) -> None:
        """Tell that a connection has ended: not thousands at once, which would go before all that others have to say."""
        async with self._farewells:
            session.finish()
            await self.leases.release(session.lease)
            if not self._door.closed:  # what drains is paced already
                await asyncio.sleep(FAREWELL_SECONDS)

    def _displace(self, session: Session, older: Older | None) -> None:
        """Give the session its station's line, wherever an older one has it."""
        lease = session.lease
        if without_line := self._switchboard.plug(session):
            without_line.close(DISPLACED, "a newer connection of this station")
        elif older and older.node != self._settings.node:
            order = link.Displace(station=lease.station, epoch=lease.epoch, at=self._now())
            self._link.displace(older.node, order)
        if older and older.takeovers > TAKEOVERS:
            often = f"{older.takeovers} takeovers within a minute"
            self._suspicions.tell(lease.station, Suspicion.TAKEOVERS, often)

    def _session(self, socket: Arrival, lease: Lease) -> Session:
        identity = Identity(lease.station, lease.node, lease.connection, lease.epoch, lease.version)
        return Session(socket, lease, Conversation(identity), self._link, self._settings.max_unsent_bytes)

    def _not_here(self, order: link.Call | link.Withdraw) -> link.Refused | link.Lost:
        metrics.REFUSALS.add("gone")
        return not_here(order, self._settings.node, self._now())


def _first_common(_: ServerConnection, offers: Sequence[Subprotocol]) -> Subprotocol:
    return Subprotocol(admission.version_of(offers).value)


def _refuse(connection: ServerConnection, refusal: RefusedError) -> Response:
    response = connection.respond(refusal.status, f"{refusal}\n")
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocppdiag", charset="UTF-8"'
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
