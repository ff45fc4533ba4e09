"""Heartbeat: the station is alive and wants to know the time (OCPP 2.0.1 G02)."""

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class HeartbeatRequest(Extensible):
    """Empty."""


class HeartbeatResponse(Extensible):
    """The time here."""

    current_time: DateTime


FEATURE = Feature(
    "Heartbeat", Direction.FROM_STATION, {OcppVersion.V201: Shapes(HeartbeatRequest, HeartbeatResponse)}
)
