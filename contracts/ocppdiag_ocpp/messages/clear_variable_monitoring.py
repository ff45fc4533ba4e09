"""ClearVariableMonitoring: have the station drop monitors (OCPP 2.0.1 N06)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, Integer, NonEmpty, ObjectV20, StatusInfo
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class ClearMonitoringStatus(StrEnum):
    """ClearMonitoringStatusEnumType: a hard-wired monitor is Rejected (N06.FR.03)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_FOUND = "NotFound"


class ClearVariableMonitoringRequest(Extensible):
    """CSMS to station: several ids in spite of the name; never more than its ItemsPerMessage (N06.FR.04)."""

    id: NonEmpty[Integer]


class ClearMonitoringResult(Extensible):
    """ClearMonitoringResultType: found again by its id; the order means nothing."""

    status: ClearMonitoringStatus
    id: Integer
    status_info: StatusInfo | None = None


class ClearVariableMonitoringResponse(Extensible):
    """The station's answer, one result for each id (N06.FR.05)."""

    clear_monitoring_result: NonEmpty[ClearMonitoringResult]


class ClearVariableMonitoringRequestV20(ObjectV20):
    """CSMS to station."""

    id: NonEmpty[Integer]


class ClearMonitoringResultV20(ObjectV20):
    """ClearMonitoringResultType."""

    id: Integer
    status: ClearMonitoringStatus


class ClearVariableMonitoringResponseV20(ObjectV20):
    """The station's answer."""

    clear_monitoring_result: NonEmpty[ClearMonitoringResultV20]


FEATURE = Feature(
    "ClearVariableMonitoring",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(ClearVariableMonitoringRequest, ClearVariableMonitoringResponse),
        OcppVersion.V20: Shapes(ClearVariableMonitoringRequestV20, ClearVariableMonitoringResponseV20),
    },
)
