"""NotifyMonitoringReport: one part of a list of monitors, thanked for whoever asked (OCPP N02.FR.09)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.device_model import MonitoringData
from ocppdiag_contracts.events import MonitoringReportPartReceived
from ocppdiag_ocpp.messages.notify_monitoring_report import (
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportRequestV20,
)
from ocppdiag_workers import dialect, news
from ocppdiag_workers.feature import Feature, Heard, House, Inform
from ocppdiag_workers.features.get_monitoring_report import FAMILY, body
from ocppdiag_workers.parts import MOST_PARTS, Part


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
    answer = dialect.answer(called, {})
    if (
        not 0 <= message.seq_no < MOST_PARTS or message.request_id is None
    ):  # no part of anything that can be told
        return Heard(answer, events=(event,))
    came = news.PartCame(
        called.at,
        (called.epoch, called.seq),
        Part(message.seq_no, message.tbc, body(monitors)),
        event,
    )
    return Heard(answer, informs=(Inform(came, request=(FAMILY, message.request_id), unclaimed=(event,)),))


FEATURE = Feature(hears=MappingProxyType({"NotifyMonitoringReport": heard}))
