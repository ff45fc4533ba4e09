"""StatusNotification: the state of a connector (OCPP G01)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import ConnectorStatusReported
from ocppdiag_ocpp.messages.status_notification import StatusNotificationRequest
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House


def heard(called: link.Called, _: House, __: float) -> Heard:
    """Pass it on."""
    received = dialect.read(called, StatusNotificationRequest)
    message = received.message
    reported = ConnectorStatusReported(
        **dialect.told(called, received),
        evse_id=message.evse_id,
        connector_id=message.connector_id,
        status=message.connector_status.value,
        since=message.timestamp,
    )
    return Heard(answer=dialect.thanks(called), events=(reported,))


FEATURE = Feature(hears=MappingProxyType({"StatusNotification": heard}))
