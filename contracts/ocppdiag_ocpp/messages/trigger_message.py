"""TriggerMessage: have the station send a message now (OCPP 2.0.1 F06)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, ObjectV20, StatusInfo
from ocppdiag_ocpp.device_model import Evse, EvseV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class MessageTrigger(StrEnum):
    """MessageTriggerEnumType."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2G_CERTIFICATE = "SignV2GCertificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION = "PublishFirmwareStatusNotification"


class MessageTriggerV20(StrEnum):
    """The last two of 2.0.1 are missing."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2G_CERTIFICATE = "SignV2GCertificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"


class TriggerMessageStatus(StrEnum):
    """TriggerMessageStatusEnumType: the message comes after Accepted (F06.FR.04)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class TriggerMessageRequest(Extensible):
    """CSMS to station; `evse` only for messages about one (F06.FR.03)."""

    requested_message: MessageTrigger
    evse: Evse | None = None


class TriggerMessageResponse(Extensible):
    """The station's answer."""

    status: TriggerMessageStatus
    status_info: StatusInfo | None = None


class TriggerMessageRequestV20(ObjectV20):
    """CSMS to station."""

    requested_message: MessageTriggerV20
    evse: EvseV20 | None = None


class TriggerMessageResponseV20(ObjectV20):
    """The station's answer."""

    status: TriggerMessageStatus


FEATURE = Feature(
    "TriggerMessage",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(TriggerMessageRequest, TriggerMessageResponse),
        OcppVersion.V20: Shapes(TriggerMessageRequestV20, TriggerMessageResponseV20),
    },
)
