"""StatusNotification: the state of a connector (OCPP G01)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import ConnectorStatusReported
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.messages.status_notification import StatusNotificationRequest, StatusNotificationResponse
from ocppdiag_ocpp.receive import receive
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.operation import instant


def heard(called: link.Called, _: House, __: float) -> Heard:
    """Pass it on."""
    shapes = PROFILE.shapes("StatusNotification", OcppVersion(called.version))
    message = receive(shapes.request, bytes(called.payload)).message
    assert isinstance(message, StatusNotificationRequest)  # noqa: S101 (narrows the type)
    reported = ConnectorStatusReported(
        id=f"{called.station}/{called.epoch}.{called.seq}",
        time=instant(called.at),
        station=called.station,
        evse_id=message.evse_id,
        connector_id=message.connector_id,
        status=message.connector_status.value,
        since=message.timestamp,
    )
    return Heard(answer=StatusNotificationResponse(), events=(reported,))


FEATURE = Feature(hears=MappingProxyType({"StatusNotification": heard}))
