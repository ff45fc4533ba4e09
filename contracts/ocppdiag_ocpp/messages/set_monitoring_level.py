"""SetMonitoringLevel: have the station keep quiet about less severe events (OCPP 2.0.1 N05)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, ObjectV20, StatusInfo
from ocppdiag_ocpp.device_model import Severity
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class GenericStatus(StrEnum):
    """GenericStatusEnumType."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class SetMonitoringLevelRequest(Extensible):
    """CSMS to station: only events of this severity number or a lower one are to come; 0 to 9 (N05.FR.02)."""

    severity: Severity


class SetMonitoringLevelResponse(Extensible):
    """The station's answer."""

    status: GenericStatus
    status_info: StatusInfo | None = None


class SetMonitoringLevelRequestV20(ObjectV20):
    """CSMS to station."""

    severity: Severity


class SetMonitoringLevelResponseV20(ObjectV20):
    """The station's answer."""

    status: GenericStatus


FEATURE = Feature(
    "SetMonitoringLevel",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(SetMonitoringLevelRequest, SetMonitoringLevelResponse),
        OcppVersion.V20: Shapes(SetMonitoringLevelRequestV20, SetMonitoringLevelResponseV20),
    },
)
