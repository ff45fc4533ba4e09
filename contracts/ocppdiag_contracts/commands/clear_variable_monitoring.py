"""Have a station drop monitors (OCPP use case N06)."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.device_model import Integer


class ClearVariableMonitoring(StationCommand):
    """Have the station drop monitors; as many requests are made as its limits ask for."""

    DEFAULT_TIME: ClassVar[timedelta] = timedelta(minutes=2)

    command: Literal["clear_variable_monitoring"] = "clear_variable_monitoring"
    monitor_ids: Annotated[list[Integer], Field(min_length=1, max_length=1000)] = Field(
        description="The station's own ids, as a monitoring report shows them."
    )

    @field_validator("monitor_ids")
    @classmethod
    def _each_once(cls, ids: list[int]) -> list[int]:
        if len(set(ids)) != len(ids):
            raise ValueError("must not name one twice")
        return ids
