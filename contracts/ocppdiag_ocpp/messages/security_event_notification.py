"""SecurityEventNotification: something happened that bears on security (OCPP 2.0.1 A04)."""

from enum import StrEnum
from typing import Annotated

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible, ObjectV20, Text
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class SecurityEventNotificationRequest(Extensible):
    """Station to CSMS; `type` should be of the standard's list and need not, `timestamp` may be long ago."""

    type: Annotated[str, Text(50)]
    timestamp: DateTime
    tech_info: Annotated[str, Text(255)] | None = None


class SecurityEventNotificationResponse(Extensible):
    """Always empty."""


class SecurityEventV20(StrEnum):
    """The list of 2.0, which is closed."""

    FIRMWARE_UPDATED = "FirmwareUpdated"
    FAILED_TO_AUTHENTICATE_AT_CSMS = "FailedToAuthenticateAtCsms"
    CSMS_FAILED_TO_AUTHENTICATE = "CsmsFailedToAuthenticate"
    SETTING_SYSTEM_TIME = "SettingSystemTime"
    STARTUP_OF_THE_DEVICE = "StartupOfTheDevice"
    RESET_OR_REBOOT = "ResetOrReboot"
    SECURITY_LOG_WAS_CLEARED = "SecurityLogWasCleared"
    RECONFIGURATION_OF_SECURITY_PARAMETERS = "ReconfigurationOfSecurityParameters"
    MEMORY_EXHAUSTION = "MemoryExhaustion"
    INVALID_MESSAGES = "InvalidMessages"
    ATTEMPTED_REPLAY_ATTACKS = "AttemptedReplayAttacks"
    TAMPER_DETECTION_ACTIVATED = "TamperDetectionActivated"
    INVALID_FIRMWARE_SIGNATURE = "InvalidFirmwareSignature"
    INVALID_FIRMWARE_SIGNING_CERTIFICATE = "InvalidFirmwareSigningCertificate"
    INVALID_CSMS_CERTIFICATE = "InvalidCsmsCertificate"
    INVALID_CHARGING_STATION_CERTIFICATE = "InvalidChargingStationCertificate"
    INVALID_TLS_VERSION = "InvalidTLSVersion"
    INVALID_TLS_CIPHER_SUITE = "InvalidTLSCipherSuite"


class SecurityEventNotificationRequestV20(ObjectV20):
    """Station to CSMS."""

    type: SecurityEventV20
    timestamp: DateTime


class SecurityEventNotificationResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "SecurityEventNotification",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(SecurityEventNotificationRequest, SecurityEventNotificationResponse),
        OcppVersion.V20: Shapes(SecurityEventNotificationRequestV20, SecurityEventNotificationResponseV20),
    },
)
