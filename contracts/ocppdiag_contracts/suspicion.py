"""What looks like an attack on a station."""

from enum import StrEnum


class Suspicion(StrEnum):
    """Why a station is suspected of not being the one that it says it is."""

    TAKEOVERS = "takeovers"
    """More than three connections within a minute took the place of an older one: two may share an identity."""

    WRONG_PROFILE = "wrong_profile"
    """Somebody came on another security profile than the one that it is registered with (OCPP A00.FR.002)."""

    INVALID_CERTIFICATE = "invalid_certificate"
    """Somebody came with a certificate that is not its own, or not valid now."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 (no password)
    """Somebody tried several wrong passwords within a minute."""
