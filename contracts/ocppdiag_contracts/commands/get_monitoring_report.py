"""Have a station list its monitors (OCPP use case N02)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.device_model import ComponentVariable


class MonitoringCriterion(StrEnum):
    """Which kinds of monitors (OCPP 2.0.1 MonitoringCriterionEnumType)."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


class GetMonitoringReport(StationCommand):
    """Have the station list its monitors; settled with all of them when the last part of its report has come."""

    command: Literal["get_monitoring_report"] = "get_monitoring_report"
    monitoring_criteria: Annotated[list[MonitoringCriterion], Field(min_length=1, max_length=3)] | None = (
        Field(default=None, description="Only monitors of these kinds; absent: of every kind.")
    )
    component_variable: Annotated[list[ComponentVariable], Field(min_length=1, max_length=1000)] | None = (
        Field(default=None, description="Only monitors on these; absent: on everything.")
    )

    @field_validator("monitoring_criteria")
    @classmethod
    def _each_once(cls, criteria: list[MonitoringCriterion] | None) -> list[MonitoringCriterion] | None:
        if criteria and len(set(criteria)) != len(criteria):
            raise ValueError("must not name one twice")
        return criteria
