"""A station that acts: it goes through its scripts on a connection, and uploads beside them."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime

import structlog
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp import frames
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.errors import ErrorCode
from ocppdiag_ocpp.messages.boot_notification import BootNotificationResponse, RegistrationStatus
from ocppdiag_ocpp.messages.get_log import GetLogRequest
from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_ocpp.profile import UnknownActionError
from ocppdiag_station import notices, requests, words
from ocppdiag_station.answers import Answers
from ocppdiag_station.connection import CallFailedError, StationConnection
from ocppdiag_station.customers import Customers, LocalList
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.limits import beyond
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.steps import Answer, Call, Pause, Refusal, Script, Step, Upload, Vanish, bent
from ocppdiag_station.uploads import LogUpload, UploadCutError

log = structlog.get_logger()

BEAT_SECONDS = 300


class Acting(Answers):
    """`Answers` on a connection."""

    def __init__(
        self,
        station: str,
        version: OcppVersion,
        scenario: Scenario,
        clock: Callable[[], datetime],
        *,
        device: DeviceModel,
        known: Customers,
        local_list: LocalList,
    ) -> None:
        super().__init__(station, version, scenario, clock, device=device, known=known, local_list=local_list)
        self._connection: StationConnection
        self._uploads: dict[LogUpload, asyncio.Task[None]] = {}
        self._stir = asyncio.Event()
        """Set when something was asked, after which other periodic monitors may be due."""

        self._interval = BEAT_SECONDS
        self._log = log.bind(station=station)

    def uploading(self) -> int | None:
        """Return the requestId of the newest upload that runs."""
        running = [upload.request_id for upload in self._uploads if upload.running]
        return running[-1] if running else None

    def cancel_upload(self) -> None:
        """Drop the uploads that run."""
        for upload in self._uploads:
            upload.cancel()

    async def _say(self, *requests: OcppModel) -> None:
        for call in self.calls(*requests):
            await self._do(call.action, call)

    async def _do(self, action: str, *steps: Step, message_id: str = "") -> None:
        """Go through a script, as the scenario bends it."""
        for step in bent(action, steps, self._scenario.bends):
            match step:
                case Answer(payload):
                    await self._connection.answer(message_id, payload)
                case Refusal(code, description):
                    await self._connection.refuse(message_id, code, description)
                case Call(called, payload):
                    await self._call(called, payload)
                case Upload(request):
                    self._start_upload(request)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Vanish():
                    self._connection.abort()

    async def _call(self, action: str, payload: object) -> None:
        """Send a CALL; that the CSMS refuses it changes nothing (a station does not send it again)."""
        try:
            answer = await self._connection.call(action, payload)
        except CallFailedError as error:
            self._log.warning("csms_refused", error=str(error))
            return
        if action == "BootNotification":
            boot = BootNotificationResponse.model_validate_json(answer)
            self._log.info("station_booted", answered=boot.status.value, interval=boot.interval)
            self.accepted = boot.status is RegistrationStatus.ACCEPTED
            self._interval = boot.interval or self._interval

    async def _asked(self, call: frames.Call) -> None:
        self._log.info("station_asked", request=call.action)
        payload = bytes(call.payload)
        await self._do(call.action, *await self._script(call.action, payload), message_id=call.message_id)
        self._stir.set()

    async def _script(self, action: str, payload: bytes) -> Script:
        try:
            request = requests.read(action, payload, self._version)
        except UnknownActionError:
            return (Refusal(ErrorCode.NOT_IMPLEMENTED),)
        except ValidationError:
            return (Refusal(ErrorCode.FORMAT_VIOLATION),)
        refusal = beyond(self.device, request, len(payload))
        if refusal:
            return (Refusal(refusal),)
        handler = self._scenario.instead.get(action)
        if handler:
            return handler(json.loads(payload))
        response = await self.answer(action, request)
        written = words.write(action, response, self._version)
        return (Answer(written), *self.follow(request, response))

    def _start_upload(self, request: GetLogRequest) -> None:
        upload = LogUpload(
            request,
            station=self.station,
            filename=self.filename(request),
            conduct=self._scenario.log,
            report=self._report,
        )
        task = asyncio.create_task(self._uploaded(upload))
        self._uploads[upload] = task
        task.add_done_callback(lambda _: self._uploads.pop(upload, None))

    async def _uploaded(self, upload: LogUpload) -> None:
        try:
            await upload.run()
        except (ConnectionClosed, TimeoutError) as error:
            self._log.warning("upload_unreported", error=str(error))
        except UploadCutError:
            self._connection.abort()

    async def _report(self, status: UploadLogStatus, request_id: int) -> None:
        await self._say(notices.log_status(status, request_id))
