"""The websocket server: judges each upgrade, leases the station, runs its session, and drains on the way out."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from uuid import uuid4

import structlog
from redis.exceptions import RedisError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ocppdiag_contracts import link
from ocppdiag_gateway import admission
from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.conversation import Conversation, Identity
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.session import DISPLACED, Session, SteadyClock
from ocppdiag_gateway.settings import Settings
from ocppdiag_gateway.switchboard import Switchboard
from ocppdiag_redis import Credentials, Directory, Lease

log = structlog.get_logger()

BACKLOG = 4096
RETRY_AFTER = "10"
CLOSE_SECONDS = 5.0
HANDSHAKE_SECONDS = 4.0
"""How long a station has to close the connection in order."""

REDIS_SECONDS = 5.0
"""How long after the time for a renewal Redis may answer."""

HEALTH = "/health"
SHUTTING_DOWN = "the gateway is shutting down"


class Gateway:
    """All sessions of this node."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        credentials: Credentials,
        uplink: Link,
        usable: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._usable = usable
        self._directory = directory
        self._credentials = credentials
        self._link = uplink
        self._switchboard = Switchboard()
        self._now = SteadyClock()
        self._redis_answered = self._now()
        self._draining = False

    async def listen(self) -> Server:
        """Open the port."""
        settings = self._settings
        return await serve(
            self._on_socket,
            settings.host,
            settings.port,
            process_request=self._judge,
            select_subprotocol=_first_common,
            # No context between messages: a compressed idle connection costs as little as a plain one.
            extensions=[
                ServerPerMessageDeflateFactory(
                    server_no_context_takeover=True, client_no_context_takeover=True
                )
            ],
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
            self._link.deliver(self._not_here(order)).add_done_callback(lambda done: done.exception())

    async def renew_for_ever(self) -> None:
        """Keep the leases, write them again into an emptied Redis, and close what lost its lease to another node."""
        while True:
            await asyncio.sleep(self._settings.renew_seconds)
            sessions = list(self._switchboard)
            try:
                await self._directory.ping()
                kept = await asyncio.gather(*(self._directory.renew(session.lease) for session in sessions))
            except (RedisError, OSError) as error:
                log.warning("renewal_failed", error=str(error))
                continue
            except Exception:  # every lease hangs on this loop
                log.exception("renewal_failed")
                continue
            self._redis_answered = self._now()
            for session, keep in zip(sessions, kept, strict=True):
                if not keep:
                    session.close(DISPLACED, "a newer connection of this station")

    async def drain(self, server: Server) -> None:
        """Let nobody in, and ask each station to come back elsewhere as soon as nothing is under way with it."""
        self._draining = True
        server.close(close_connections=False)
        for session in self._switchboard:
            session.leave(CloseCode.GOING_AWAY, SHUTTING_DOWN)
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                while len(self._switchboard):  # noqa: ASYNC110 (no hurry)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("drain_cut_short", sessions=len(self._switchboard))
        for session in self._switchboard:
            session.close(CloseCode.GOING_AWAY, SHUTTING_DOWN)
        try:
            await asyncio.wait_for(server.wait_closed(), CLOSE_SECONDS)
        except TimeoutError:
            log.warning("sockets_left_open", sessions=len(self._switchboard))

    @property
    def _ready(self) -> bool:
        """Whether a station does well to come here."""
        silent = self._now() - self._redis_answered > self._settings.renew_seconds + REDIS_SECONDS
        return self._usable() and not silent and not self._draining

    async def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == HEALTH:
            ready = self._ready
            return connection.respond(
                HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, f"{ready}\n"
            )
        try:
            await self._admit(request)
        except RefusedError as refusal:
            log.info("upgrade_refused", status=refusal.status.value, reason=str(refusal))
            return _refuse(connection, refusal)
        except (RedisError, OSError) as error:
            log.warning("directory_unreachable", error=str(error))
            return _refuse(connection, RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "Try again soon."))
        return None

    async def _admit(self, request: Request) -> None:
        if self._draining:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "Shutting down.")
        station = admission.station_of(request.path)
        admission.version_of(request.headers.get_all("Sec-WebSocket-Protocol"))
        if self._settings.insecure_no_auth:
            return
        headers = request.headers.get_all("Authorization")
        credentials = admission.credentials_of(headers[0] if len(headers) == 1 else None, station)
        if not await self._credentials.match(station, credentials.password):
            raise admission.unauthorized()

    async def _on_socket(self, socket: ServerConnection) -> None:
        if socket.request is None or socket.subprotocol is None:  # the handshake has seen to both
            return
        station = admission.station_of(socket.request.path)
        try:
            lease, older = await self._directory.acquire(
                station, self._settings.node, uuid4().hex, socket.subprotocol
            )
        except (RedisError, OSError) as error:
            log.warning("directory_unreachable", error=str(error))
            await socket.close(CloseCode.TRY_AGAIN_LATER, "try again soon")
            return
        if self._draining:  # the drain has not seen this one
            await self._release(lease)
            await socket.close(CloseCode.GOING_AWAY, SHUTTING_DOWN)
            return
        session = self._session(socket, lease)
        if without_line := self._switchboard.plug(session):
            without_line.close(DISPLACED, "a newer connection of this station")
        elif older and older.node != self._settings.node:
            order = link.Displace(station=lease.station, epoch=lease.epoch, at=self._now())
            self._link.displace(older.node, order)
        try:
            await session.run()
        finally:
            self._switchboard.unplug(session)
            await self._release(lease)

    def _session(self, socket: ServerConnection, lease: Lease) -> Session:
        identity = Identity(lease.station, lease.node, lease.connection, lease.epoch, lease.version)
        return Session(socket, lease, Conversation(identity), self._link, self._settings.max_unsent_bytes)

    async def _release(self, lease: Lease) -> None:
        try:
            await self._directory.release(lease)
        except (RedisError, OSError):
            log.debug("lease_left_to_expire", station=lease.station)

    def _not_here(self, order: link.Call | link.Withdraw) -> link.Refused:
        return link.Refused(
            station=order.station,
            node=self._settings.node,
            connection="",
            epoch=order.epoch,
            seq=0,
            at=self._now(),
            version="",
            owner=order.owner,
            tag=order.tag,
            action=order.action,
            reason="gone",
        )


def _first_common(_: ServerConnection, offers: Sequence[Subprotocol]) -> Subprotocol:
    return Subprotocol(admission.version_of(offers).value)


def _refuse(connection: ServerConnection, refusal: RefusedError) -> Response:
    response = connection.respond(refusal.status, f"{refusal}\n")
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="ocppdiag", charset="UTF-8"'
    elif refusal.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response
