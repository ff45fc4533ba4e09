"""BootNotification: let the station in, and say who it is (OCPP B01)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import StationBooted
from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, RegistrationStatus
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.operation import instant


def heard(called: link.Called, house: House, now: float) -> Heard:
    """Accept: whether a station may come in at all was settled by its credentials.

    After a boot its monitors may have other ids (N04.FR.19).
    """
    received = dialect.read(called, BootNotificationRequest)
    message = received.message
    who = message.charging_station
    booted = StationBooted(
        **dialect.told(called, received),
        reason=message.reason.value,
        vendor=who.vendor_name,
        model=who.model,
        serial_number=who.serial_number,
        firmware_version=who.firmware_version,
        answered=RegistrationStatus.ACCEPTED.value,
    )
    fields = {
        "current_time": instant(now),
        "interval": house.heartbeat_interval,
        "status": RegistrationStatus.ACCEPTED,
    }
    return Heard(dialect.answer(called, fields), events=(booted,), forgets_monitors=True, accepts=True)


FEATURE = Feature(hears=MappingProxyType({"BootNotification": heard}))
