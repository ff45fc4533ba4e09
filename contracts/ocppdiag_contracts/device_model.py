"""Components, variables and the monitors on them, as commands name them and events show them (OCPP 2.0.1 part 1, 4)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_contracts.model import MAX_INTEGER, Message, OrNewer

Integer = Annotated[int, Field(strict=True, ge=-MAX_INTEGER - 1, le=MAX_INTEGER)]
Name = Annotated[str, Field(max_length=50)]
Severity = Annotated[int, Field(strict=True, ge=0, le=9)]
"""0 (danger) to 9 (debug)."""


class MonitorType(StrEnum):
    """What a monitor looks for (OCPP 2.0.1 MonitorEnumType)."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"


class Evse(Message):
    """An EVSE, or one of its connectors; stations use 0 for the whole of themselves."""

    id: Integer
    connector_id: Integer | None = None


class Component(Message):
    """A part of the station; names are compared without regard to case."""

    name: Name
    evse: Evse | None = None
    instance: Name | None = None


class Variable(Message):
    """A property of a component; names are compared without regard to case."""

    name: Name
    instance: Name | None = None


class ComponentVariable(Message):
    """A component, and one variable of it or (when absent) each of them."""

    component: Component
    variable: Variable | None = None


class Monitor(Message):
    """A monitor in an event; its `id` is the station's own and may be another after a reboot."""

    id: int
    type: OrNewer[MonitorType]
    severity: int = Field(description="0 (worst) to 9.")
    value: float = Field(description="The threshold, the delta, or for periodic types the seconds between.")
    transaction: bool = Field(description="Whether it is active during transactions only.")


class MonitoringData(Message):
    """All monitors on one variable of one component."""

    component: Component
    variable: Variable
    variable_monitoring: list[Monitor]
