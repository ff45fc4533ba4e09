"""Heartbeat: the station is alive and wants to know the time (OCPP 2.0.1 G02)."""

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible, ObjectV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class HeartbeatRequest(Extensible):
    """Empty."""


class HeartbeatResponse(Extensible):
    """The time here."""

    current_time: DateTime


class HeartbeatRequestV20(ObjectV20):
    """Empty."""


class HeartbeatResponseV20(ObjectV20):
    """The time here."""

    current_time: DateTime


FEATURE = Feature(
    "Heartbeat",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(HeartbeatRequest, HeartbeatResponse),
        OcppVersion.V20: Shapes(HeartbeatRequestV20, HeartbeatResponseV20),
    },
)
