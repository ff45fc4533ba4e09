"""Take a station back to a set of monitors that it knows by name (OCPP use case N03)."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from ocppdiag_contracts.commands.command import StationCommand


class MonitoringBase(StrEnum):
    """Which set of monitors (OCPP 2.0.1 MonitoringBaseEnumType)."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class SetMonitoringBase(StationCommand):
    """Have the station activate a set of monitors; all but `All` drop the monitors that were added to it."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["set_monitoring_base"] = "set_monitoring_base"
    monitoring_base: MonitoringBase = Field(
        description="All: activate the preconfigured monitors, keep the rest. FactoryDefault: drop what was added and "
        "restore the preconfigured. HardWiredOnly: drop what was added and switch the preconfigured off."
    )
