"""SetVariableMonitoring: have the station watch variables, or watch them otherwise (OCPP 2.0.1 N04)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import (
    Boolean,
    Extensible,
    Integer,
    NonEmpty,
    Number,
    ObjectV20,
    OcppModel,
    StatusInfo,
)
from ocppdiag_ocpp.device_model import Component, ComponentV20, MonitorType, Severity, Variable, VariableV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes

DECIMALS = 6
"""As many does a station have to understand (OCPP 2.0.1 part 2, primitive datatypes: decimal)."""


def _short(value: float) -> float:
    if round(value, DECIMALS) != value:
        raise ValueError(f"more than {DECIMALS} decimals")
    return value


class SetMonitoringStatus(StrEnum):
    """SetMonitoringStatusEnumType."""

    ACCEPTED = "Accepted"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED_MONITOR_TYPE = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


class SetMonitoringStatusV20(StrEnum):
    """2.0 also has OutOfRange, which is Rejected later (N04.FR.06)."""

    ACCEPTED = "Accepted"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED_MONITOR_TYPE = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    OUT_OF_RANGE = "OutOfRange"
    DUPLICATE = "Duplicate"


class WantedMonitor(OcppModel):
    """What both versions say of a monitor that is wanted; `value` is 1 for a Delta on what is no number (N04.FR.17)."""

    value: Annotated[Number, AfterValidator(_short)]
    type: MonitorType
    severity: Severity

    @model_validator(mode="after")
    def _no_delta_is_negative(self) -> Self:
        if self.type is MonitorType.DELTA and self.value < 0:
            raise ValueError("a Delta is not negative (N04.FR.14)")
        return self


class SetMonitoringData(WantedMonitor, Extensible):
    """SetMonitoringDataType; `id` only to replace the monitor that has it (N04.FR.11, .12)."""

    component: Component
    variable: Variable
    id: Integer | None = None
    transaction: Boolean = False


class SetVariableMonitoringRequest(Extensible):
    """CSMS to station; how many fit into one, the station's ItemsPerMessage says (N04.FR.09)."""

    set_monitoring_data: NonEmpty[SetMonitoringData]


class SetMonitoringResult(Extensible):
    """SetMonitoringResultType: found again by component, variable, type and severity; the order means nothing."""

    status: SetMonitoringStatus
    type: MonitorType
    component: Component
    variable: Variable
    severity: Integer
    id: Integer | None = None
    status_info: StatusInfo | None = None


class SetVariableMonitoringResponse(Extensible):
    """The station's answer, one result for each monitor."""

    set_monitoring_result: NonEmpty[SetMonitoringResult]


class SetMonitoringDataV20(WantedMonitor, ObjectV20):
    """SetMonitoringDataType."""

    component: ComponentV20
    variable: VariableV20
    id: Integer | None = None
    transaction: Boolean | None = None


class SetVariableMonitoringRequestV20(ObjectV20):
    """CSMS to station."""

    set_monitoring_data: NonEmpty[SetMonitoringDataV20]


class SetMonitoringResultV20(ObjectV20):
    """SetMonitoringResultType."""

    type: MonitorType
    severity: Integer
    status: SetMonitoringStatusV20
    component: ComponentV20
    variable: VariableV20
    id: Integer | None = None


class SetVariableMonitoringResponseV20(ObjectV20):
    """The station's answer."""

    set_monitoring_result: NonEmpty[SetMonitoringResultV20]


FEATURE = Feature(
    "SetVariableMonitoring",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(SetVariableMonitoringRequest, SetVariableMonitoringResponse),
        OcppVersion.V20: Shapes(SetVariableMonitoringRequestV20, SetVariableMonitoringResponseV20),
    },
)
