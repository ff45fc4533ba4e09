"""The two sides of the block as interfaces: one method for each request that a side receives, in the words of 2.0.1."""

from typing import Protocol

from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, BootNotificationResponse
from ocppdiag_ocpp.messages.clear_variable_monitoring import (
    ClearVariableMonitoringRequest,
    ClearVariableMonitoringResponse,
)
from ocppdiag_ocpp.messages.customer_information import (
    CustomerInformationRequest,
    CustomerInformationResponse,
)
from ocppdiag_ocpp.messages.get_log import GetLogRequest, GetLogResponse
from ocppdiag_ocpp.messages.get_monitoring_report import (
    GetMonitoringReportRequest,
    GetMonitoringReportResponse,
)
from ocppdiag_ocpp.messages.get_variables import GetVariablesRequest, GetVariablesResponse
from ocppdiag_ocpp.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from ocppdiag_ocpp.messages.log_status_notification import (
    LogStatusNotificationRequest,
    LogStatusNotificationResponse,
)
from ocppdiag_ocpp.messages.notify_customer_information import (
    NotifyCustomerInformationRequest,
    NotifyCustomerInformationResponse,
)
from ocppdiag_ocpp.messages.notify_event import NotifyEventRequest, NotifyEventResponse
from ocppdiag_ocpp.messages.notify_monitoring_report import (
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportResponse,
)
from ocppdiag_ocpp.messages.security_event_notification import (
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
)
from ocppdiag_ocpp.messages.send_local_list import SendLocalListRequest, SendLocalListResponse
from ocppdiag_ocpp.messages.set_monitoring_base import SetMonitoringBaseRequest, SetMonitoringBaseResponse
from ocppdiag_ocpp.messages.set_monitoring_level import SetMonitoringLevelRequest, SetMonitoringLevelResponse
from ocppdiag_ocpp.messages.set_variable_monitoring import (
    SetVariableMonitoringRequest,
    SetVariableMonitoringResponse,
)
from ocppdiag_ocpp.messages.status_notification import StatusNotificationRequest, StatusNotificationResponse
from ocppdiag_ocpp.messages.trigger_message import TriggerMessageRequest, TriggerMessageResponse


class ChargingStationHandler(Protocol):
    """What a station must be able to answer; the simulated station is one."""

    async def on_get_log(self, request: GetLogRequest) -> GetLogResponse:
        """Answer whether the log will be uploaded; the upload itself comes after the answer (FR.05)."""
        ...

    async def on_get_monitoring_report(
        self, request: GetMonitoringReportRequest
    ) -> GetMonitoringReportResponse:
        """Answer whether there will be a report; its parts come after the answer (N02)."""
        ...

    async def on_set_monitoring_base(self, request: SetMonitoringBaseRequest) -> SetMonitoringBaseResponse:
        """Go back to a set of monitors that the station was delivered with (N03)."""
        ...

    async def on_set_monitoring_level(self, request: SetMonitoringLevelRequest) -> SetMonitoringLevelResponse:
        """Keep quiet about less severe events from now on (N05)."""
        ...

    async def on_set_variable_monitoring(
        self, request: SetVariableMonitoringRequest
    ) -> SetVariableMonitoringResponse:
        """Create and replace monitors, and answer for each of them (N04)."""
        ...

    async def on_clear_variable_monitoring(
        self, request: ClearVariableMonitoringRequest
    ) -> ClearVariableMonitoringResponse:
        """Drop monitors, and answer for each id (N06)."""
        ...

    async def on_customer_information(
        self, request: CustomerInformationRequest
    ) -> CustomerInformationResponse:
        """Answer whether the customer will be reported or forgotten; parts come after the answer (N09, N10)."""
        ...

    async def on_send_local_list(self, request: SendLocalListRequest) -> SendLocalListResponse:
        """Change the list of tokens that the station knows by itself (D01)."""
        ...

    async def on_trigger_message(self, request: TriggerMessageRequest) -> TriggerMessageResponse:
        """Answer whether the message will be sent; it comes after the answer (F06)."""
        ...

    async def on_get_variables(self, request: GetVariablesRequest) -> GetVariablesResponse:
        """Answer the value of each variable, or why there is none (B06)."""
        ...


class CSMSHandler(Protocol):
    """What a CSMS must be able to answer; each notification gets its empty answer, known or not."""

    async def on_boot_notification(self, request: BootNotificationRequest) -> BootNotificationResponse:
        """Say whether the station may come in (B01)."""
        ...

    async def on_heartbeat(self, request: HeartbeatRequest) -> HeartbeatResponse:
        """Tell the time (G02)."""
        ...

    async def on_status_notification(self, request: StatusNotificationRequest) -> StatusNotificationResponse:
        """Take note of a connector's state (G01)."""
        ...

    async def on_log_status_notification(
        self, request: LogStatusNotificationRequest
    ) -> LogStatusNotificationResponse:
        """Take note of how an upload is going, whether it is known or not (N01)."""
        ...

    async def on_notify_monitoring_report(
        self, request: NotifyMonitoringReportRequest
    ) -> NotifyMonitoringReportResponse:
        """Take one part of a report, whether it was asked for or not (N02)."""
        ...

    async def on_notify_event(self, request: NotifyEventRequest) -> NotifyEventResponse:
        """Take note of events (N07, N08)."""
        ...

    async def on_notify_customer_information(
        self, request: NotifyCustomerInformationRequest
    ) -> NotifyCustomerInformationResponse:
        """Take one part of what is known of a customer (N09, N10)."""
        ...

    async def on_security_event_notification(
        self, request: SecurityEventNotificationRequest
    ) -> SecurityEventNotificationResponse:
        """Take note of a security event, which may come twice (A04)."""
        ...
