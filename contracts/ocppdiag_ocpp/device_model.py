"""Types that several messages share: components, variables, and the monitors on them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_ocpp.datatypes import Boolean, Extensible, Integer, Number, ObjectV20, Text

Severity = Annotated[Integer, Field(ge=0, le=9)]
"""0 (danger) to 9 (debug); a rule of the text for what a CSMS sends (N04, N05.FR.02), in no schema."""


class GenericDeviceModelStatus(StrEnum):
    """GenericDeviceModelStatusEnumType."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"
    EMPTY_RESULT_SET = "EmptyResultSet"


class GenericDeviceModelStatusV20(StrEnum):
    """2.0 has no EmptyResultSet."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


class MonitorType(StrEnum):
    """MonitorEnumType."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"


class Evse(Extensible):
    """EVSEType; stations use the id 0 for the whole of themselves."""

    id: Integer
    connector_id: Integer | None = None


class Component(Extensible):
    """ComponentType; names are compared without regard to case."""

    name: Annotated[str, Text(50)]
    evse: Evse | None = None
    instance: Annotated[str, Text(50)] | None = None


class Variable(Extensible):
    """VariableType; names are compared without regard to case."""

    name: Annotated[str, Text(50)]
    instance: Annotated[str, Text(50)] | None = None


class VariableMonitoring(Extensible):
    """VariableMonitoringType: a monitor; its id is the station's, 0 is one, and it may change over a reboot."""

    id: Integer
    transaction: Boolean
    value: Number
    type: MonitorType
    severity: Integer


class EvseV20(ObjectV20):
    """EVSEType."""

    id: Integer
    connector_id: Integer | None = None


class ComponentV20(ObjectV20):
    """ComponentType."""

    name: Annotated[str, Text(50)]
    evse: EvseV20 | None = None
    instance: Annotated[str, Text(50)] | None = None


class VariableV20(ObjectV20):
    """VariableType."""

    name: Annotated[str, Text(50)]
    instance: Annotated[str, Text(50)] | None = None


class VariableMonitoringV20(ObjectV20):
    """VariableMonitoringType."""

    id: Integer
    value: Number
    type: MonitorType
    severity: Integer
    transaction: Boolean
