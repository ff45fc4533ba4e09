"""The security profiles of OCPP: how a station and its CSMS make sure of each other."""

from enum import IntEnum


class SecurityProfile(IntEnum):
    """Each station has one at a time (OCPP 2.0.1 A00.FR.001)."""

    NONE = 0
    """Anybody may be any station. No profile of OCPP 2.x: the name that 1.6 gives to none."""

    BASIC = 1
    """`ws`, and a password: for networks of one's own."""

    TLS_BASIC = 2
    """`wss`, and a password."""

    TLS_CERTIFICATE = 3
    """`wss`, and a certificate of the station's own instead of a password."""
