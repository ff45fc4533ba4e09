"""BootNotification: let the station in, and say who it is (OCPP B01)."""

import json
from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import StationBooted
from ocppdiag_ocpp.messages.boot_notification import BootNotificationRequest, RegistrationStatus
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.operation import instant


def heard(called: link.Called, house: House, now: float) -> Heard:
    """Accept: whether a station may come in at all was settled by its credentials."""
    received = dialect.read(called, BootNotificationRequest)
    message = received.message
    who = message.charging_station
    booted = StationBooted(
        id=f"{called.station}/{called.epoch}.{called.seq}",
        time=instant(called.at),
        station=called.station,
        reason=message.reason.value,
        vendor=who.vendor_name,
        model=who.model,
        serial_number=who.serial_number,
        firmware_version=who.firmware_version,
        answered=RegistrationStatus.ACCEPTED.value,
        violations=list(received.violations),
        payload=json.loads(bytes(called.payload)) if received.violations else None,
    )
    fields = {
        "current_time": instant(now),
        "interval": house.heartbeat_interval,
        "status": RegistrationStatus.ACCEPTED,
    }
    return Heard(answer=dialect.answer(called, fields), events=(booted,))


FEATURE = Feature(hears=MappingProxyType({"BootNotification": heard}))
