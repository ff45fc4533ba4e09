"""NotifyMonitoringReport: one part of a list of monitors, thanked for whoever asked (OCPP N02.FR.09)."""

from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from ocppdiag_contracts import link
from ocppdiag_contracts.events import MonitoringReportPartReceived
from ocppdiag_ocpp.messages.notify_monitoring_report import (
    MonitoringData,
    MonitoringDataV20,
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportRequestV20,
)
from ocppdiag_workers import dialect, report
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.features.get_monitoring_report import FAMILY
from ocppdiag_workers.written import PartWritten


def heard(called: link.Called, _: House, __: float) -> Heard:
    """News for the operation of its request; for nobody in particular when there is none."""
    received = dialect.read_part(called, NotifyMonitoringReportRequest, NotifyMonitoringReportRequestV20)
    message = received.message
    listed = message.monitor or ()
    monitors = Raw(msgspec.json.encode([_data(data) for data in listed]))
    severities = {monitor.id: monitor.severity for data in listed for monitor in data.variable_monitoring}
    event = MonitoringReportPartReceived(
        **dialect.told(called, received),
        command_id=None,
        request_id=message.request_id,
        seq_no=message.seq_no,
        tbc=message.tbc,
        generated_at=message.generated_at,
        monitor=[],
    )
    return report.heard(called, PartWritten(event, monitors, severities), monitors, FAMILY)


def _data(data: MonitoringData | MonitoringDataV20) -> dict[str, Any]:
    """The contract's MonitoringData of it, with the contract's names, and without a vendor's own members."""
    component, variable = data.component, data.variable
    evse = component.evse and {"id": component.evse.id, "connector_id": component.evse.connector_id}
    return {
        "component": {"name": component.name, "evse": evse, "instance": component.instance},
        "variable": {"name": variable.name, "instance": variable.instance},
        "variable_monitoring": [
            {
                "id": monitor.id,
                "type": monitor.type,
                "severity": monitor.severity,
                "value": monitor.value,
                "transaction": monitor.transaction,
            }
            for monitor in data.variable_monitoring
        ],
    }


FEATURE = Feature(hears=MappingProxyType({"NotifyMonitoringReport": heard}))
