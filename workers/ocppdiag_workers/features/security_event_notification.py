"""SecurityEventNotification: something that bears on security, told by the station (OCPP A04)."""

from hashlib import blake2b
from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import SecurityEventReported
from ocppdiag_ocpp.messages.security_event_notification import SecurityEventNotificationRequest
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House


def heard(called: link.Called, _: House, __: float) -> Heard:
    """Pass it on, whatever it is called: makers invent names.

    A station sends it again when our answer was lost (A04.FR.02). So the event's id comes from what happened, not
    from the frame, and listeners know the repeat.
    """
    received = dialect.read(called, SecurityEventNotificationRequest)
    message = received.message
    what = f"{message.type}/{message.timestamp.isoformat()}/{message.tech_info}"
    name = blake2b(what.encode(), digest_size=16).hexdigest()
    reported = SecurityEventReported(
        **{**dialect.told(called, received), "id": f"{called.station}/security/{name}"},
        type=message.type,
        happened_at=message.timestamp,
        tech_info=message.tech_info,
    )
    return Heard(answer=dialect.thanks(called), events=(reported,))


FEATURE = Feature(hears=MappingProxyType({"SecurityEventNotification": heard}))
