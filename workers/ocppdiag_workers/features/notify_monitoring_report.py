"""NotifyMonitoringReport: one part of a list of monitors, thanked for whoever asked (OCPP N02.FR.09)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.device_model import MonitoringData
from ocppdiag_contracts.events import MonitoringReportPartReceived
from ocppdiag_ocpp.messages.notify_monitoring_report import (
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportRequestV20,
)
from ocppdiag_workers import dialect, report
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.features.get_monitoring_report import FAMILY, body


def heard(called: link.Called, _: House, __: float) -> Heard:
    """News for the operation of its request; for nobody in particular when there is none."""
    received = dialect.read_part(called, NotifyMonitoringReportRequest, NotifyMonitoringReportRequestV20)
    message = received.message
    monitors = [MonitoringData.model_validate(data, from_attributes=True) for data in message.monitor or ()]
    event = MonitoringReportPartReceived(
        **dialect.told(called, received),
        command_id=None,
        request_id=message.request_id,
        seq_no=message.seq_no,
        tbc=message.tbc,
        generated_at=message.generated_at,
        monitor=monitors,
    )
    return report.heard(called, event, body(monitors), FAMILY)


FEATURE = Feature(hears=MappingProxyType({"NotifyMonitoringReport": heard}))
