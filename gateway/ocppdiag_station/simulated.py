"""A simulated station: boots, beats, reports its connector, and has logs that it really uploads."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, FormData
from websockets.exceptions import ConnectionClosed

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages.boot_notification import (
    BootNotificationRequest,
    BootNotificationResponse,
    BootReason,
    ChargingStation,
    RegistrationStatus,
)
from ocppdiag_ocpp.messages.get_log import GetLogRequest, GetLogResponse, LogStatus
from ocppdiag_ocpp.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from ocppdiag_ocpp.messages.log_status_notification import (
    LogStatusNotificationRequest,
    LogStatusNotificationResponse,
    UploadLogStatus,
)
from ocppdiag_ocpp.messages.status_notification import (
    ConnectorStatus,
    StatusNotificationRequest,
    StatusNotificationResponse,
)
from ocppdiag_station import logs
from ocppdiag_station.connection import CallFailedError, StationConnection
from ocppdiag_station.scenarios import SCENARIOS, Scenario

log = structlog.get_logger()

CHUNK = 2**16
RETRY_SECONDS = 0.2
"""Between attempts: much less than a real station is told to wait, so that tests need not."""


class UploadCutError(Exception):
    """The station has vanished in the middle of an upload, as its scenario wants."""


class SimulatedStation:
    """A ChargingStationHandler with a connection."""

    def __init__(
        self,
        station: str,
        *,
        password: str | None = None,
        version: OcppVersion = OcppVersion.V201,
        scenario: Scenario = SCENARIOS["good"],
        bytes_per_second: float | None = None,
    ) -> None:
        self.station = station
        self._password = password
        self._version = version
        self._scenario = scenario
        self._bytes_per_second = bytes_per_second
        self._connection: StationConnection
        self._cut = False
        self._uploads: set[asyncio.Task[None]] = set()
        self.booted = asyncio.Event()
        self._log = log.bind(station=station)

    async def run(self, url: str) -> None:
        """Connect and live until the connection ends. Raises ConnectionRefusedByGatewayError."""
        self._connection = await StationConnection.open(
            url, self.station, self._password, self._version, self._answer
        )
        life = asyncio.create_task(self._live())
        try:
            await self._connection.run()
        finally:
            for task in (life, *self._uploads):
                task.cancel()
            await self._connection.close()
            await asyncio.gather(life, *self._uploads, return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye."""
        await self._connection.close()

    async def on_get_log(self, request: GetLogRequest) -> GetLogResponse:
        """Accept, and upload after the answer (FR.05)."""
        if not self._scenario.accepts:
            return GetLogResponse(status=LogStatus.REJECTED)
        task = asyncio.create_task(self._upload(request))
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)
        return GetLogResponse(
            status=LogStatus.ACCEPTED, filename=f"{self.station}-{request.log_type.value}.log"
        )

    async def _answer(self, _: str, request: OcppModel) -> OcppModel | None:
        self._log.info("station_asked", request=type(request).__name__)
        if isinstance(request, GetLogRequest):
            return await self.on_get_log(request) if self._scenario.answers else None
        raise TypeError(type(request).__name__)

    async def _live(self) -> None:
        try:
            boot = await self._connection.call(
                "BootNotification",
                BootNotificationRequest(
                    reason=BootReason.POWER_UP,
                    charging_station=ChargingStation(
                        model="Simulated", vendor_name="ocppdiag", serial_number=self.station[:25]
                    ),
                ),
                BootNotificationResponse,
            )
            self._log.info("station_booted", answered=boot.status.value, interval=boot.interval)
            if boot.status is not RegistrationStatus.ACCEPTED:
                return
            await self._connection.call(
                "StatusNotification",
                StatusNotificationRequest(
                    timestamp=datetime.now(UTC),
                    connector_status=ConnectorStatus.AVAILABLE,
                    evse_id=1,
                    connector_id=1,
                ),
                StatusNotificationResponse,
            )
            self.booted.set()
            while True:
                await asyncio.sleep(boot.interval)
                await self._connection.call("Heartbeat", HeartbeatRequest(), HeartbeatResponse)
        except (ConnectionClosed, CallFailedError, TimeoutError) as error:
            self._log.warning("station_stopped_living", error=str(error))

    async def _upload(self, request: GetLogRequest) -> None:
        """Try as often as was asked, reporting each step."""
        scenario = self._scenario
        try:
            for attempt in range((request.retries or 0) + 1):
                await self._report(UploadLogStatus.UPLOADING, request.request_id)
                if attempt < scenario.failures or not await self._put(request):
                    await self._report(UploadLogStatus.UPLOAD_FAILURE, request.request_id)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                await self._report(UploadLogStatus.UPLOADED, request.request_id)
                return
        except (ConnectionClosed, CallFailedError, TimeoutError) as error:
            self._log.warning("upload_unreported", error=str(error))
        except UploadCutError:
            self._connection.abort()

    async def _report(self, status: UploadLogStatus, request_id: int) -> None:
        if self._scenario.reports:
            notification = LogStatusNotificationRequest(status=status, request_id=request_id)
            await self._connection.call("LogStatusNotification", notification, LogStatusNotificationResponse)

    async def _put(self, request: GetLogRequest) -> bool:
        """Upload once; False when the receiver did not take it."""
        scenario = self._scenario
        if not scenario.uploads:
            return True
        content = self._content(request)
        url = request.log.remote_location
        if scenario.wrong_token:
            parts = urlsplit(url)
            url = urlunsplit(parts._replace(path="/" + "A" * (len(parts.path) - 2) + "/"))
        for _ in range(2 if scenario.twice else 1):
            try:
                async with ClientSession(timeout=ClientTimeout(total=None, sock_read=60)) as session:
                    status = await self._once(session, url, content)
            except (ClientError, OSError, UploadCutError) as error:
                if self._cut:
                    raise UploadCutError from error
                self._log.info("upload_broke", error=type(error).__name__)
                return False
            self._log.info("upload_answered", status=status, bytes=len(content))
        return scenario.twice or status < 300  # noqa: PLR2004 (HTTP: 2xx is success)

    async def _once(self, session: ClientSession, url: str, content: bytes) -> int:
        if self._scenario.form:
            form = FormData()
            form.add_field("uploadfile", content, filename=f"{self.station}.log")
            async with session.post(url, data=form) as response:
                return response.status
        headers = {"Content-Length": str(len(content))}
        async with session.put(url, data=self._paced(content), headers=headers) as response:
            return response.status

    def _content(self, request: GetLogRequest) -> bytes:
        wanted = request.log
        text = b"".join(
            logs.lines(request.log_type, wanted.oldest_timestamp, wanted.latest_timestamp, self.station)
        )
        size = self._scenario.size
        return text if size is None else (text * (size // max(len(text), 1) + 1))[:size]

    async def _paced(self, content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), CHUNK):
            if self._scenario.cut_after is not None and start >= self._scenario.cut_after:
                self._cut = True
                raise UploadCutError
            yield content[start : start + CHUNK]
            if self._bytes_per_second:
                await asyncio.sleep(CHUNK / self._bytes_per_second)
