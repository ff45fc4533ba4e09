"""What a station answers, and what it does after the answer: all but the socket. The clock is given."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.device_model import GenericDeviceModelStatus
from ocppdiag_ocpp.messages.clear_variable_monitoring import (
    ClearVariableMonitoringRequest,
    ClearVariableMonitoringResponse,
)
from ocppdiag_ocpp.messages.customer_information import (
    CustomerInformationRequest,
    CustomerInformationResponse,
    CustomerInformationStatus,
)
from ocppdiag_ocpp.messages.get_log import GetLogRequest, GetLogResponse, LogStatus
from ocppdiag_ocpp.messages.get_monitoring_report import (
    GetMonitoringReportRequest,
    GetMonitoringReportResponse,
)
from ocppdiag_ocpp.messages.get_variables import GetVariablesRequest, GetVariablesResponse
from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_ocpp.messages.send_local_list import SendLocalListRequest, SendLocalListResponse
from ocppdiag_ocpp.messages.set_monitoring_base import SetMonitoringBaseRequest, SetMonitoringBaseResponse
from ocppdiag_ocpp.messages.set_monitoring_level import (
    GenericStatus,
    SetMonitoringLevelRequest,
    SetMonitoringLevelResponse,
)
from ocppdiag_ocpp.messages.set_variable_monitoring import (
    SetVariableMonitoringRequest,
    SetVariableMonitoringResponse,
)
from ocppdiag_ocpp.messages.trigger_message import (
    MessageTrigger,
    TriggerMessageRequest,
    TriggerMessageResponse,
    TriggerMessageStatus,
)
from ocppdiag_station import customers, monitoring, notices, reading, words
from ocppdiag_station.customers import Customers, LocalList
from ocppdiag_station.device_model import LEAST_SEVERE, DeviceModel, Event
from ocppdiag_station.scenario import Scenario, WhileUploading
from ocppdiag_station.steps import Call, Script, Step, Upload

TRIGGERS = {
    MessageTrigger.BOOT_NOTIFICATION,
    MessageTrigger.HEARTBEAT,
    MessageTrigger.LOG_STATUS_NOTIFICATION,
    MessageTrigger.STATUS_NOTIFICATION,
}


class Answers:
    """A ChargingStationHandler: each method answers, and `follow` says what comes after the answer (FR.05)."""

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
        self.station = station
        self.device = device
        self.customers = known
        self.local_list = local_list
        self.accepted = False
        """Whether the CSMS has let the station in (B01)."""

        self._version = version
        self._scenario = scenario
        self._clock = clock
        self._fired: list[Event] = []
        self._superseded: int | None = None

    async def on_get_log(self, request: GetLogRequest) -> GetLogResponse:
        """Accept, and upload after the answer; one that runs is dropped for it (N01.FR.12)."""
        status = LogStatus.ACCEPTED
        running = self.uploading()
        if running is not None:
            match self._scenario.log.while_uploading:
                case WhileUploading.REJECTED:
                    return GetLogResponse(status=LogStatus.REJECTED)
                case WhileUploading.CANCELS:
                    status = LogStatus.ACCEPTED_CANCELED
                    self._superseded = running
                    self.cancel_upload()
                case WhileUploading.RUNS_BESIDE:
                    pass
        return GetLogResponse(status=status, filename=self.filename(request))

    async def on_get_monitoring_report(
        self, request: GetMonitoringReportRequest
    ) -> GetMonitoringReportResponse:
        """Accept when there is something to report (N02.FR.10)."""
        found = reading.report(self.device, request)
        status = GenericDeviceModelStatus.ACCEPTED if found else GenericDeviceModelStatus.EMPTY_RESULT_SET
        return GetMonitoringReportResponse(status=status)

    async def on_set_monitoring_base(self, request: SetMonitoringBaseRequest) -> SetMonitoringBaseResponse:
        """Do it (N03)."""
        self._fired += self.device.set_base(request.monitoring_base, self._clock())
        return SetMonitoringBaseResponse(status=GenericDeviceModelStatus.ACCEPTED)

    async def on_set_monitoring_level(self, request: SetMonitoringLevelRequest) -> SetMonitoringLevelResponse:
        """Do it for a severity that exists (N05.FR.02)."""
        if not 0 <= request.severity <= LEAST_SEVERE:
            return SetMonitoringLevelResponse(status=GenericStatus.REJECTED)
        self._fired += self.device.set_level(request.severity, self._clock())
        return SetMonitoringLevelResponse(status=GenericStatus.ACCEPTED)

    async def on_set_variable_monitoring(
        self, request: SetVariableMonitoringRequest
    ) -> SetVariableMonitoringResponse:
        """Carry out what can be; one item that fails does not stop the others (N04)."""
        results = []
        for item in request.set_monitoring_data:
            result, fired = monitoring.set_monitor(self.device, item, self._clock())
            results.append(result)
            self._fired += fired
        return SetVariableMonitoringResponse(set_monitoring_result=results)

    async def on_clear_variable_monitoring(
        self, request: ClearVariableMonitoringRequest
    ) -> ClearVariableMonitoringResponse:
        """Drop what can be (N06)."""
        results = [monitoring.clear_monitor(self.device, number) for number in request.id]
        return ClearVariableMonitoringResponse(clear_monitoring_result=results)

    async def on_customer_information(
        self, request: CustomerInformationRequest
    ) -> CustomerInformationResponse:
        """Accept, and tell after the answer (N09, N10)."""
        return CustomerInformationResponse(status=customers.judge(request))

    async def on_send_local_list(self, request: SendLocalListRequest) -> SendLocalListResponse:
        """Change the list (D01)."""
        return SendLocalListResponse(status=self.local_list.update(request))

    async def on_trigger_message(self, request: TriggerMessageRequest) -> TriggerMessageResponse:
        """Accept what `follow` can send (F06)."""
        boots = request.requested_message is MessageTrigger.BOOT_NOTIFICATION
        if request.requested_message not in TRIGGERS:
            status = TriggerMessageStatus.NOT_IMPLEMENTED  # F06.FR.08
        elif (boots and self.accepted) or self._triggered(request) is None:  # F06.FR.12, .17
            status = TriggerMessageStatus.REJECTED
        else:
            status = TriggerMessageStatus.ACCEPTED
        return TriggerMessageResponse(status=status)

    async def on_get_variables(self, request: GetVariablesRequest) -> GetVariablesResponse:
        """Answer the values (B06)."""
        results = [reading.get_variable(self.device, item) for item in request.get_variable_data]
        return GetVariablesResponse(get_variable_result=results)

    async def answer(self, action: str, request: OcppModel) -> OcppModel:
        """Bring a request to its method: GetLog to `on_get_log`."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        handler: Callable[[OcppModel], Awaitable[OcppModel]] = getattr(self, f"on_{name}")
        return await handler(request)

    def follow(self, request: OcppModel, response: OcppModel) -> Script:
        """Say what comes after an answer, the events that it caused last."""
        script = tuple(self._follow(request, response))
        fired, self._fired = self._fired, []
        return (*script, self.event(fired)) if fired else script

    def filename(self, request: GetLogRequest) -> str:
        """Name the file of a log."""
        return f"{self.station}-{request.log_type.value}.log"

    def uploading(self) -> int | None:
        """Return the requestId of the upload that runs; here none ever does."""
        return None

    def cancel_upload(self) -> None:
        """Drop the uploads that run."""

    def event(self, fired: Sequence[Event]) -> Call:
        """Write events as one CALL."""
        return Call("NotifyEvent", words.events(fired, self._clock(), self._version))

    def calls(self, *requests: OcppModel) -> Iterator[Call]:
        """Write CALLs; what the version has no words for is left out."""
        for request in requests:
            action = notices.action_of(request)
            payload = words.write(action, request, self._version)
            if payload is not None:
                yield Call(action, payload)

    def _follow(self, request: OcppModel, response: OcppModel) -> Iterator[Step]:
        now = self._clock()
        match request, response:
            case GetLogRequest(), GetLogResponse(status=LogStatus.ACCEPTED | LogStatus.ACCEPTED_CANCELED):
                if self._superseded is not None:  # N01.FR.20
                    old, self._superseded = self._superseded, None
                    yield from self.calls(notices.log_status(UploadLogStatus.ACCEPTED_CANCELED, old))
                yield Upload(request)
            case GetMonitoringReportRequest(), GetMonitoringReportResponse(
                status=GenericDeviceModelStatus.ACCEPTED
            ):
                found = reading.report(self.device, request)
                per_part = self._scenario.monitors_per_part
                yield from self.calls(*notices.report(found, request.request_id, per_part, now))
            case CustomerInformationRequest(), CustomerInformationResponse(
                status=CustomerInformationStatus.ACCEPTED
            ):
                text = self.customers.tell(request)
                yield from self.calls(*notices.customer(text, request.request_id, now))
            case TriggerMessageRequest(), TriggerMessageResponse(status=TriggerMessageStatus.ACCEPTED):
                message = self._triggered(request)
                yield from self.calls(message) if message else ()
            case _:
                pass

    def _triggered(self, request: TriggerMessageRequest) -> OcppModel | None:
        return notices.triggered(request, self.device, self.station, self.uploading(), self._clock())
