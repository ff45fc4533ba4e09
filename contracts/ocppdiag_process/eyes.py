"""The port at which a process is looked at: `/metrics` by Prometheus, `/live` and `/ready` by Kubernetes and by people.

It is answered by the event loop that does the work, so one that hangs answers nothing. HTTP is the gateway's part for
it, `websockets`, which answers requests for no websocket too: no other library is loaded for three pages.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from types import TracebackType
from typing import Self

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from ocppdiag_metrics import Metric
from ocppdiag_process import metrics
from ocppdiag_process.exposition import Exposition
from ocppdiag_process.settings import ProcessSettings

log = structlog.get_logger()

Missing = Callable[[], str | None]
"""Says in a sentence why a process takes no work; None: it does."""


OPEN_SECONDS = 3.0
"""How long somebody who has connected may take to ask: so long he may hold up the end of the process."""


class Eyes:
    """An async context manager; `missing` is to be set as soon as the process is ready for work.

    `look` is awaited before the metrics are read, for what has to be asked for first.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        ours: Iterable[Metric],
        look: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.missing: Missing = lambda: "It is starting."
        self._settings = settings
        self._ours = (*metrics.METRICS, *ours)
        self._look = look
        self._server: Server | None = None
        self._sampling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._settings.metrics_port is not None:
            self._exposition = Exposition(self._ours)
            self._server = await serve(
                _no_websocket,
                self._settings.metrics_host,
                self._settings.metrics_port,
                process_request=self._answer,
                open_timeout=OPEN_SECONDS,
                compression=None,
                server_header=None,
            )
            self._sampling = asyncio.create_task(metrics.sample_loop_lag())
            log.info("metrics_listening", metrics_port=self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sampling:
            self._sampling.cancel()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response:
        match request.path.partition("?")[0]:
            case "/metrics":
                try:
                    return await self._metrics(connection, request)
                except Exception:  # the library would answer the same, and say nothing
                    log.exception("metrics_failed")
                    return connection.respond(HTTPStatus.INTERNAL_SERVER_ERROR, "The log says why.\n")
            case "/live":
                return connection.respond(HTTPStatus.OK, "It is alive.\n")
            case "/ready":
                missing = self.missing()
                status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
                return connection.respond(status, f"{missing or 'It is ready.'}\n")
            case _:
                return connection.respond(
                    HTTPStatus.NOT_FOUND, "There are /metrics, /live and /ready here.\n"
                )

    async def _metrics(self, connection: ServerConnection, request: Request) -> Response:
        if self._look:
            await self._look()
        text, content_type = self._exposition.write(",".join(request.headers.get_all("Accept")))
        response = connection.respond(HTTPStatus.OK, text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = content_type
        return response


async def _no_websocket(_: ServerConnection) -> None:
    """Every request has had its answer by then."""
