"""One log on its way to where the CSMS wants it: attempts, reports, and the ways in which uploads fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote, urlsplit, urlunsplit

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from ocppdiag_ocpp.messages.get_log import GetLogRequest
from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_station import logs
from ocppdiag_station.scenario import LogConduct

log = structlog.get_logger()

CHUNK = 2**16
CHUNKS_PER_SECOND = 4
"""At least so many when an upload is slowed down."""

RETRY_SECONDS = 0.2
"""Between attempts: much less than a real station is told to wait, so that tests need not."""

Report = Callable[[UploadLogStatus, int], Awaitable[None]]


class UploadCutError(Exception):
    """The station has vanished in the middle of an upload, as its scenario wants."""


class LogUpload:
    """The upload of one GetLog."""

    def __init__(
        self, request: GetLogRequest, *, station: str, filename: str, conduct: LogConduct, report: Report
    ) -> None:
        self.request_id = request.request_id
        self.running = True
        self._request = request
        self._station = station
        self._filename = filename
        self._conduct = conduct
        self._report = report
        self._attempt: asyncio.Task[UploadLogStatus] | None = None
        self._cut = False

    def cancel(self) -> None:
        """Drop it: what is being sent is broken off, and nothing more is reported."""
        self.running = False
        if self._attempt:
            self._attempt.cancel()

    async def run(self) -> None:
        """Try as often as was asked, reporting each step.

        Raises:
            UploadCutError: now the station has to vanish.
            Whatever reporting raises.

        """
        conduct = self._conduct
        retries = self._request.retries or 0
        if conduct.retries_are_attempts:
            retries = max(retries - 1, 0)
        for attempt in range(retries + 1):
            for _ in range(conduct.announcements):
                await self._say(UploadLogStatus.UPLOADING)
            status = conduct.failure if attempt < conduct.failures else await self._tried()
            last = (
                status in (UploadLogStatus.UPLOADED, UploadLogStatus.NOT_SUPPORTED_OPERATION)
                or attempt == retries
            )
            # Over before it is said to be: a GetLog that comes meanwhile finds nothing to cancel.
            said = self.running and conduct.concludes and (last or conduct.reports_each_failure)
            self.running = self.running and not last
            if said and conduct.reports:
                await self._report(status, self.request_id)
            if not self.running:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _say(self, status: UploadLogStatus) -> None:
        if self.running and self._conduct.reports:
            await self._report(status, self.request_id)

    async def _tried(self) -> UploadLogStatus:
        """Upload once, in a task that `cancel` can end without touching what is being reported."""
        if not self.running:
            return UploadLogStatus.UPLOAD_FAILURE
        self._attempt = asyncio.create_task(self._put())
        try:
            return await self._attempt
        except asyncio.CancelledError:
            self._attempt.cancel()
            if self.running:  # the station itself is ending
                raise
            return UploadLogStatus.UPLOAD_FAILURE

    async def _put(self) -> UploadLogStatus:
        conduct = self._conduct
        if urlsplit(self._request.log.remote_location).scheme.lower() not in conduct.schemes:
            return UploadLogStatus.NOT_SUPPORTED_OPERATION
        if not conduct.uploads:
            return UploadLogStatus.UPLOADED
        content, url = self._content(), self._url()
        status = 0
        for _ in range(2 if conduct.twice else 1):
            try:
                async with ClientSession(timeout=ClientTimeout(total=None, sock_read=60)) as session:
                    status = await self._once(session, url, content)
            except (ClientError, OSError, UploadCutError) as error:
                if self._cut:
                    raise UploadCutError from error
                log.info("upload_broke", station=self._station, error=type(error).__name__)
                return UploadLogStatus.UPLOAD_FAILURE
            log.info("upload_answered", station=self._station, status=status, bytes=len(content))
        match status:
            case _ if conduct.twice or 200 <= status < 300:  # noqa: PLR2004 (HTTP: success)
                return UploadLogStatus.UPLOADED
            case 401 | 403:
                return UploadLogStatus.PERMISSION_DENIED
            case _:  # redirects too, which a station does not follow (N01.FR.30 of OCPP 2.1)
                return UploadLogStatus.UPLOAD_FAILURE

    def _url(self) -> str:
        url = self._request.log.remote_location
        if self._conduct.wrong_token:
            parts = urlsplit(url)
            return urlunsplit(parts._replace(path="/" + "A" * (len(parts.path) - 2) + "/"))
        if self._conduct.appends_filename:
            return f"{url.rstrip('/')}/{quote(self._filename)}"
        return url

    async def _once(self, session: ClientSession, url: str, content: bytes) -> int:
        if self._conduct.form:
            form = FormData()
            form.add_field("uploadfile", content, filename=self._filename)
            async with session.post(url, data=form, allow_redirects=False) as response:
                return response.status
        headers = {"Content-Length": str(len(content))}
        async with session.put(
            url, data=self._paced(content), headers=headers, allow_redirects=False
        ) as response:
            return response.status

    def _content(self) -> bytes:
        wanted = self._request.log
        text = b"".join(
            logs.lines(
                self._request.log_type, wanted.oldest_timestamp, wanted.latest_timestamp, self._station
            )
        )
        size = self._conduct.size
        return text if size is None else (text * (size // max(len(text), 1) + 1))[:size]

    async def _paced(self, content: bytes) -> AsyncIterator[bytes]:
        pace = self._conduct.bytes_per_second
        chunk = min(CHUNK, max(1, int(pace / CHUNKS_PER_SECOND))) if pace else CHUNK
        for start in range(0, len(content), chunk):
            if self._conduct.cut_after is not None and start >= self._conduct.cut_after:
                self._cut = True
                raise UploadCutError
            yield content[start : start + chunk]
            if pace:
                await asyncio.sleep(chunk / pace)
