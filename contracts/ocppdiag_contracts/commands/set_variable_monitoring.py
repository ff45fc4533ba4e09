"""Have a station watch variables (OCPP use case N04)."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.device_model import Component, Integer, MonitorType, Severity, Variable
from ocppdiag_contracts.model import Message

DECIMALS = 6
"""As many does a station have to understand (OCPP 2.0.1 part 2, primitive datatypes: decimal)."""


class WantedMonitor(Message):
    """One monitor to create, or with `id` to replace."""

    component: Component
    variable: Variable
    type: MonitorType
    value: Annotated[float, Field(allow_inf_nan=False)] = Field(
        description="The threshold, the delta (1 for what is no number), or the seconds between; at most 6 decimals."
    )
    severity: Severity = Field(description="0 (worst) to 9.")
    transaction: bool = Field(default=False, description="Active during transactions only.")
    id: Integer | None = Field(
        default=None, description="Only to replace: the station's id of a monitor on the same variable."
    )

    @property
    def key(self) -> tuple[object, ...]:
        """What a station's result is found by: nothing in it depends on case."""
        return monitor_key(self.component, self.variable, self.type, self.severity)

    @model_validator(mode="after")
    def _as_stations_take_it(self) -> "WantedMonitor":
        if round(self.value, DECIMALS) != self.value:
            raise ValueError(f"value: must have at most {DECIMALS} decimals")
        if self.type is MonitorType.DELTA and self.value < 0:
            raise ValueError("value: must not be negative for a Delta")
        return self


def monitor_key(component: Component, variable: Variable, kind: str, severity: int) -> tuple[object, ...]:
    """Tell two monitors of one station apart (N04.FR.10)."""
    evse = component.evse
    return (
        component.name.lower(),
        (component.instance or "").lower(),
        (evse.id, evse.connector_id) if evse else None,
        variable.name.lower(),
        (variable.instance or "").lower(),
        str(kind),
        severity,
    )


class SetVariableMonitoring(StationCommand):
    """Have the station create or replace monitors; as many requests are made as its limits ask for."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["set_variable_monitoring"] = "set_variable_monitoring"
    set_monitoring_data: Annotated[list[WantedMonitor], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _each_once(self) -> "SetVariableMonitoring":
        if len({monitor.key for monitor in self.set_monitoring_data}) < len(self.set_monitoring_data):
            raise ValueError(
                "set_monitoring_data: must not name one component, variable, type and severity twice"
            )
        return self
