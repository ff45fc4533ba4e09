"""Have a station keep quiet about less severe events (OCPP use case N05)."""

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.device_model import Severity


class SetMonitoringLevel(StationCommand):
    """Have the station report only events of this severity or worse."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["set_monitoring_level"] = "set_monitoring_level"
    severity: Severity = Field(description="0 (only danger) to 9 (everything).")
