"""GetLog: have the station upload a log file (OCPP 2.0.1 N01)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible, Integer, ObjectV20, StatusInfo, Text
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class LogType(StrEnum):
    """LogEnumType."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


class LogStatus(StrEnum):
    """LogStatusEnumType: only the first two are followed by an upload."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    REJECTED = "Rejected"


class LogParameters(Extensible):
    """LogParametersType: where to, and which period."""

    remote_location: Annotated[str, Text(512)]
    oldest_timestamp: DateTime | None = None
    latest_timestamp: DateTime | None = None


class GetLogRequest(Extensible):
    """CSMS to station."""

    log: LogParameters
    log_type: LogType
    request_id: Integer
    retries: Annotated[Integer, Field(ge=0)] | None = None
    retry_interval: Annotated[Integer, Field(ge=0)] | None = None


class GetLogResponse(Extensible):
    """The station's answer; `filename` is its own choice and not to be trusted."""

    status: LogStatus
    status_info: StatusInfo | None = None
    filename: Annotated[str, Text(255)] | None = None


class LogParametersV20(ObjectV20):
    """LogParametersType."""

    remote_location: Annotated[str, Text(512)]
    oldest_timestamp: DateTime | None = None
    latest_timestamp: DateTime | None = None


class GetLogRequestV20(ObjectV20):
    """CSMS to station."""

    log: LogParametersV20
    log_type: LogType
    request_id: Integer
    retries: Annotated[Integer, Field(ge=0)] | None = None
    retry_interval: Annotated[Integer, Field(ge=0)] | None = None


class GetLogResponseV20(ObjectV20):
    """The station's answer."""

    status: LogStatus
    filename: Annotated[str, Text(255)] | None = None


FEATURE = Feature(
    "GetLog",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(GetLogRequest, GetLogResponse),
        OcppVersion.V20: Shapes(GetLogRequestV20, GetLogResponseV20),
    },
)
