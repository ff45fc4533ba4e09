"""Get a log file from a station (OCPP use case N01)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ocppdiag_contracts.commands.command import CommandModel
from ocppdiag_contracts.model import Instant


class LogType(StrEnum):
    """Which log (OCPP 2.0.1 LogEnumType)."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


class GetLog(CommandModel):
    """Have the station upload a log to us; settled when the file is stored and the station has said `Uploaded`."""

    command: Literal["get_log"] = "get_log"
    log_type: LogType = LogType.DIAGNOSTICS
    oldest_timestamp: Instant | None = Field(default=None, description="Leave out what is older than this.")
    latest_timestamp: Instant | None = Field(default=None, description="Leave out what is newer than this.")
    retries: Annotated[int, Field(strict=True, ge=0, le=20)] = Field(
        default=2, description="How often the station tries again after its first attempt; 0 is no retry."
    )
    retry_interval: Annotated[int, Field(strict=True, ge=1, le=3600)] = Field(
        default=60, description="Seconds between the station's attempts."
    )
    max_bytes: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None, description="Refuse a larger file; the receiver's own limit holds as well."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "GetLog":
        oldest, latest = self.oldest_timestamp, self.latest_timestamp
        if oldest and latest and oldest > latest:
            raise ValueError("oldest_timestamp: must not be after latest_timestamp")
        return self
