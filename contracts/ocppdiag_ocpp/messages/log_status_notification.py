"""LogStatusNotification: how the upload is going (OCPP 2.0.1 N01.FR.07 to .20)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, Integer, ObjectV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class UploadLogStatus(StrEnum):
    """UploadLogStatusEnumType."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class LogStatusNotificationRequest(Extensible):
    """Station to CSMS; the id is left out only when triggered while nothing uploads, and 0 is an id."""

    status: UploadLogStatus
    request_id: Integer | None = None


class LogStatusNotificationResponse(Extensible):
    """Always empty."""


class UploadLogStatusV20(StrEnum):
    """2.0 has no AcceptedCanceled here."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"


class LogStatusNotificationRequestV20(ObjectV20):
    """Station to CSMS; 2.0 wants the id always, even where there is none to give."""

    status: UploadLogStatusV20
    request_id: Integer


class LogStatusNotificationResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "LogStatusNotification",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(LogStatusNotificationRequest, LogStatusNotificationResponse),
        OcppVersion.V20: Shapes(LogStatusNotificationRequestV20, LogStatusNotificationResponseV20),
    },
)
