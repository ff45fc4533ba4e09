"""Get a log file from a station (OCPP use case N01)."""

import re
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.model import Instant


class LogType(StrEnum):
    """Which log (OCPP 2.0.1 LogEnumType)."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


_DESTINATION = re.compile(r"(ftp|ftps|http|https|sftp)://[!-~]+")


def _destination(url: str) -> str:
    if not _DESTINATION.fullmatch(url) or "#" in url:
        raise ValueError("must be an ftp, ftps, http, https or sftp address without a fragment")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError("must name a host")
    return url


class GetLog(StationCommand):
    """Have the station upload a log; settled when the file is stored and the station has said `Uploaded`."""

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

    remote_location: Annotated[str, Field(max_length=512), AfterValidator(_destination)] | None = Field(
        default=None,
        repr=False,
        description="A destination of your own, which operators must have allowed; absent: ours. May hold a user and "
        "password, which stay secret. We see nothing of the file: the station's `Uploaded` is the end.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "GetLog":
        oldest, latest = self.oldest_timestamp, self.latest_timestamp
        if oldest and latest and oldest > latest:
            raise ValueError("oldest_timestamp: must not be after latest_timestamp")
        if self.remote_location and self.max_bytes:
            raise ValueError("max_bytes: only goes with our own destination")
        return self
