"""Take one upload: the token first, then piece by piece into the store, then tell the workers, then answer."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import structlog
from aiohttp import ClientError, HttpVersion11, hdrs, web

from ocppdiag_amqp import BrokerError
from ocppdiag_contracts.upload_token import BadTokenError, ExpiredTokenError, UploadToken, check
from ocppdiag_uploads import body, metrics, traces
from ocppdiag_uploads.announce import Announcer
from ocppdiag_uploads.bounds import Crowd, CrowdedError, Patience, Strangers
from ocppdiag_uploads.store import AlreadyStoredError, Incoming, Store, StoredFile, StoreError

log = structlog.get_logger()

PROGRESS_SECONDS = 1.0
RETRY_AFTER = {"Retry-After": "30"}


class TooLargeError(Exception):
    """More has come than the token allows."""


class Receiver:
    """The HTTP handlers."""

    def __init__(
        self,
        store: Store,
        announcer: Announcer,
        *,
        key: bytes,
        patience: Patience,
        crowd: Crowd,
        broker: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._key = key
        self._patience = patience
        self._crowd = crowd
        self._strangers = Strangers()
        self._broker_missing = broker
        self._finishing = False
        self._under_way: set[asyncio.Future[None]] = set()
        metrics.UNDER_WAY.set_function(lambda: {(): len(self._under_way)})

    def app(self) -> web.Application:
        """Both with and without a file name behind the token, PUT and POST (N01.FR.18, .21)."""
        app = web.Application()
        for method in ("PUT", "POST"):
            for path in ("/{token}", "/{token}/", "/{token}/{name:.*}"):
                app.router.add_route(method, path, self.upload, expect_handler=self._expected)
        app.router.add_get("/health", self._health)
        return app

    @property
    def missing(self) -> str | None:
        """Say in a sentence why a station does not do well to come here."""
        return "It is stopping." if self._finishing else self._broker_missing()

    async def finish(self, within: float) -> None:
        """Take nothing new, and wait for the uploads under way, for so many seconds.

        Here and not left to aiohttp, which reads nothing more from anybody once it shuts down.
        """
        self._finishing = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within)
        if self._under_way:
            log.warning("uploads_cut_short", count=len(self._under_way))

    async def upload(self, request: web.Request) -> web.Response:
        """Answer 201 when the file is stored and the workers know."""
        began = time.monotonic()
        with metrics.refusals():
            response = await self._upload(request)
        metrics.answered(response.status)
        metrics.SECONDS.observe(time.monotonic() - began)
        return response

    async def _upload(self, request: web.Request) -> web.Response:
        with self._let_in(request) as token:
            await self._judge(request, token)
            with traces.receiving(request.method, token) as span:
                response = await self._receive(request, token)
                traces.answered(span, response.status)
                return response

    @contextmanager
    def _let_in(self, request: web.Request) -> Iterator[UploadToken]:
        """Count who comes with an address of ours, before anything is asked of the store.

        Raises:
            web.HTTPException: the answer.

        """
        token = self._checked(request)
        done = asyncio.get_running_loop().create_future()
        self._under_way.add(done)
        try:
            # Bound for this request only: the next one on the same connection may be another station's.
            with (
                structlog.contextvars.bound_contextvars(station=token.station, command_id=token.tag),
                self._crowd.one_more(token.station),
            ):
                yield token
        except CrowdedError:
            raise _busy("crowded") from None
        finally:
            self._under_way.remove(done)
            done.set_result(None)

    async def _receive(self, request: web.Request, token: UploadToken) -> web.Response:
        try:
            async with self._store.incoming(token.station, token.tag) as incoming:
                try:
                    await self._take(request, token, incoming)
                    file = await incoming.finish()
                except TooLargeError:
                    return await self._broken(
                        token, incoming, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    )
                except AlreadyStoredError:
                    return _answer(HTTPStatus.CONFLICT)
                except body.EmptyFormError:
                    return await self._broken(token, incoming, "empty", HTTPStatus.BAD_REQUEST)
                except (body.BadFormError, web.RequestPayloadError):
                    return await self._broken(token, incoming, "broken", HTTPStatus.BAD_REQUEST)
                except (TimeoutError, ClientError, ConnectionError):
                    return await self._broken(token, incoming, "broken", HTTPStatus.REQUEST_TIMEOUT)
            log.info("upload_stored", bytes=file.size, sha256=file.sha256)
            await self._stored(token, file, body.filename(request))
        except (OSError, BrokerError) as error:
            log.warning("upload_failed", error=_named(error))
            raise _busy("trouble") from None
        return _answer(HTTPStatus.CREATED)

    async def _expected(self, request: web.Request) -> None:
        """Judge before the station sends its body (`Expect: 100-continue`, N01.FR.22 of OCPP 2.1)."""
        if request.headers[hdrs.EXPECT].lower() != "100-continue":
            raise web.HTTPExpectationFailed
        with metrics.refusals(), self._let_in(request) as token:
            await self._judge(request, token)
        if request.transport is not None and request.version >= HttpVersion11:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _checked(self, request: web.Request) -> UploadToken:
        """See whether it is an address of ours. Raises web.HTTPException, the answer."""
        if self._finishing:
            raise _busy("stopping")
        try:
            return check(request.match_info["token"], self._key, time.time())
        except BadTokenError:
            if count := self._strangers.told(time.monotonic()):
                log.info("upload_refused", reason="unknown address", count=count)
            raise web.HTTPNotFound from None
        except ExpiredTokenError:
            log.info("upload_refused", reason="address over")
            raise web.HTTPGone from None

    async def _judge(self, request: web.Request, token: UploadToken) -> None:
        """Check everything else that can be checked before the first byte. Raises web.HTTPException, the answer."""
        if file := await self._found(token):
            log.info("upload_refused", reason="address used")
            # Should the first announcement have failed, this one makes up for it.
            await _told(self._stored(token, file, None))
            raise web.HTTPConflict
        body.check(request)
        if body.announces_more_than(request, token.max_bytes):
            log.info("upload_refused", reason="too large")
            await _told(self._announcer.broken(token, 0, "too_large"))
            raise web.HTTPRequestEntityTooLarge(token.max_bytes, request.content_length or 0)

    async def _take(self, request: web.Request, token: UploadToken, incoming: Incoming) -> None:
        """Write what comes, for as long as something does.

        Raises:
            TooLargeError: more came than the token allows.
            TimeoutError: too little came, or the token is over.

        """
        begun = time.monotonic()
        told_at = 0.0
        pieces = aiter(body.chunks(request))
        while True:
            patience = self._patience.left(incoming.size, time.monotonic() - begun)
            async with asyncio.timeout(max(0, min(patience, token.expires - time.time()))):
                chunk = await anext(pieces, None)
            if chunk is None:
                return
            if incoming.size + len(chunk) > token.max_bytes:
                raise TooLargeError
            await incoming.write(chunk)
            metrics.BYTES.add(by=len(chunk))
            if time.monotonic() - told_at >= PROGRESS_SECONDS:
                told_at = time.monotonic()
                self._announcer.arriving(token, incoming.size, body.announced_size(request))

    async def _found(self, token: UploadToken) -> StoredFile | None:
        try:
            return await self._store.find(token.station, token.tag)
        except OSError as error:
            log.warning("upload_failed", error=_named(error))
            raise _busy("trouble") from None

    async def _stored(self, token: UploadToken, file: StoredFile, filename: str | None) -> None:
        await self._announcer.stored(token, file, self._store.location(file), filename)

    async def _health(self, _: web.Request) -> web.Response:
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE if self.missing else HTTPStatus.OK)

    async def _broken(
        self, token: UploadToken, incoming: Incoming, reason: str, status: HTTPStatus
    ) -> web.Response:
        log.info("upload_broken", reason=reason, bytes=incoming.size, error=type(sys.exception()).__name__)
        await self._announcer.broken(token, incoming.size, reason)
        response = _answer(status)
        response.force_close()  # what is left of the body is not worth reading
        return response


async def _told(telling: Awaitable[None]) -> None:
    """Tell the workers before the station gets its answer. Raises web.HTTPServiceUnavailable."""
    try:
        await telling
    except BrokerError:
        raise _busy("broker") from None


def _named(error: Exception) -> str:
    return str(error) if isinstance(error, StoreError) else type(error).__name__


def _busy(reason: str) -> web.HTTPServiceUnavailable:
    """Have the station come again, with what is left of the body unread."""
    log.info("upload_refused", reason=reason)
    return web.HTTPServiceUnavailable(headers=RETRY_AFTER)


def _answer(status: HTTPStatus) -> web.Response:
    return web.Response(status=status, text=f"{status.phrase}\n")
