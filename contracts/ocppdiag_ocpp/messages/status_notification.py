"""StatusNotification: the state of one connector (OCPP 2.0.1 G01)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible, Integer, ObjectV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class ConnectorStatus(StrEnum):
    """ConnectorStatusEnumType."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class StatusNotificationRequest(Extensible):
    """Station to CSMS."""

    timestamp: DateTime
    connector_status: ConnectorStatus
    evse_id: Integer
    connector_id: Integer


class StatusNotificationResponse(Extensible):
    """Always empty."""


class StatusNotificationRequestV20(ObjectV20):
    """Station to CSMS."""

    timestamp: DateTime
    connector_status: ConnectorStatus
    evse_id: Integer
    connector_id: Integer


class StatusNotificationResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "StatusNotification",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(StatusNotificationRequest, StatusNotificationResponse),
        OcppVersion.V20: Shapes(StatusNotificationRequestV20, StatusNotificationResponseV20),
    },
)
