"""NotifyMonitoringReport: one part of the list of monitors that was asked for (OCPP 2.0.1 N02)."""

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Boolean, DateTime, Extensible, Integer, NonEmpty, ObjectV20
from ocppdiag_ocpp.device_model import (
    Component,
    ComponentV20,
    Variable,
    VariableMonitoring,
    VariableMonitoringV20,
    VariableV20,
)
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class MonitoringData(Extensible):
    """MonitoringDataType: all monitors on one variable of one component."""

    component: Component
    variable: Variable
    variable_monitoring: NonEmpty[VariableMonitoring]


class NotifyMonitoringReportRequest(Extensible):
    """Station to CSMS; parts count from 0, and `tbc` (to be continued) is true in all but the last."""

    request_id: Integer
    seq_no: Integer
    generated_at: DateTime
    monitor: NonEmpty[MonitoringData] | None = None
    tbc: Boolean = False


class NotifyMonitoringReportResponse(Extensible):
    """Always empty."""


class MonitoringDataV20(ObjectV20):
    """MonitoringDataType."""

    component: ComponentV20
    variable: VariableV20
    variable_monitoring: NonEmpty[VariableMonitoringV20]


class NotifyMonitoringReportRequestV20(ObjectV20):
    """Station to CSMS; 2.0 wants `monitor` and `tbc`, and lets the id be absent."""

    monitor: NonEmpty[MonitoringDataV20]
    tbc: Boolean
    seq_no: Integer
    generated_at: DateTime
    request_id: Integer | None = None


class NotifyMonitoringReportResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "NotifyMonitoringReport",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(NotifyMonitoringReportRequest, NotifyMonitoringReportResponse),
        OcppVersion.V20: Shapes(NotifyMonitoringReportRequestV20, NotifyMonitoringReportResponseV20),
    },
)
