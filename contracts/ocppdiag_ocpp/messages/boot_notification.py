"""BootNotification: a station has started and asks to be let in (OCPP 2.0.1 B01)."""

from enum import StrEnum
from typing import Annotated

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import DateTime, Extensible, Integer, ObjectV20, StatusInfo, Text
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class BootReason(StrEnum):
    """BootReasonEnumType."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


class RegistrationStatus(StrEnum):
    """RegistrationStatusEnumType."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class Modem(Extensible):
    """ModemType."""

    iccid: Annotated[str, Text(20)] | None = None
    imsi: Annotated[str, Text(20)] | None = None


class ChargingStation(Extensible):
    """ChargingStationType: what the station is."""

    model: Annotated[str, Text(20)]
    vendor_name: Annotated[str, Text(50)]
    serial_number: Annotated[str, Text(25)] | None = None
    modem: Modem | None = None
    firmware_version: Annotated[str, Text(50)] | None = None


class BootNotificationRequest(Extensible):
    """Station to CSMS."""

    charging_station: ChargingStation
    reason: BootReason


class BootNotificationResponse(Extensible):
    """`interval` in seconds: between heartbeats when accepted, else until the next BootNotification."""

    current_time: DateTime
    interval: Integer
    status: RegistrationStatus
    status_info: StatusInfo | None = None


class ModemV20(ObjectV20):
    """ModemType."""

    iccid: Annotated[str, Text(20)] | None = None
    imsi: Annotated[str, Text(20)] | None = None


class ChargingStationV20(ObjectV20):
    """ChargingStationType: the serial number is shorter than in 2.0.1."""

    model: Annotated[str, Text(20)]
    vendor_name: Annotated[str, Text(50)]
    serial_number: Annotated[str, Text(20)] | None = None
    modem: ModemV20 | None = None
    firmware_version: Annotated[str, Text(50)] | None = None


class BootNotificationRequestV20(ObjectV20):
    """Station to CSMS."""

    charging_station: ChargingStationV20
    reason: BootReason


class BootNotificationResponseV20(ObjectV20):
    """As in 2.0.1."""

    current_time: DateTime
    interval: Integer
    status: RegistrationStatus


FEATURE = Feature(
    "BootNotification",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(BootNotificationRequest, BootNotificationResponse),
        OcppVersion.V20: Shapes(BootNotificationRequestV20, BootNotificationResponseV20),
    },
)
