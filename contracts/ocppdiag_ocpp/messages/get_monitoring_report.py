"""GetMonitoringReport: have the station list its monitors, in NotifyMonitoringReport (OCPP 2.0.1 N02)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, Integer, NonEmpty, ObjectV20, StatusInfo
from ocppdiag_ocpp.device_model import (
    Component,
    ComponentV20,
    GenericDeviceModelStatus,
    GenericDeviceModelStatusV20,
    Variable,
    VariableV20,
)
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class MonitoringCriterion(StrEnum):
    """MonitoringCriterionEnumType."""

    THRESHOLD_MONITORING = "ThresholdMonitoring"
    DELTA_MONITORING = "DeltaMonitoring"
    PERIODIC_MONITORING = "PeriodicMonitoring"


MonitoringCriteria = Annotated[list[MonitoringCriterion], Field(min_length=1, max_length=3)]


class ComponentVariable(Extensible):
    """ComponentVariableType: no variable means every one of the component (N02.FR.16)."""

    component: Component
    variable: Variable | None = None


class GetMonitoringReportRequest(Extensible):
    """CSMS to station; a filter that is absent lets everything through (N02.FR.11)."""

    request_id: Integer
    component_variable: NonEmpty[ComponentVariable] | None = None
    monitoring_criteria: MonitoringCriteria | None = None


class GetMonitoringReportResponse(Extensible):
    """The station's answer: only Accepted is followed by a report."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


class ComponentVariableV20(ObjectV20):
    """ComponentVariableType: 2.0 wants a variable."""

    component: ComponentV20
    variable: VariableV20


class GetMonitoringReportRequestV20(ObjectV20):
    """CSMS to station; 2.0 lets the id be absent."""

    component_variable: NonEmpty[ComponentVariableV20] | None = None
    request_id: Integer | None = None
    monitoring_criteria: MonitoringCriteria | None = None


class GetMonitoringReportResponseV20(ObjectV20):
    """The station's answer."""

    status: GenericDeviceModelStatusV20


FEATURE = Feature(
    "GetMonitoringReport",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(GetMonitoringReportRequest, GetMonitoringReportResponse),
        OcppVersion.V20: Shapes(GetMonitoringReportRequestV20, GetMonitoringReportResponseV20),
    },
)
