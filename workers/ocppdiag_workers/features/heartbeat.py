"""Heartbeat: tell the station the time (OCPP G02)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_ocpp.messages.heartbeat import HeartbeatResponse
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.operation import instant


def heard(_: link.Called, __: House, now: float) -> Heard:
    """Answer, whatever the payload: there is nothing in it to read."""
    return Heard(answer=HeartbeatResponse(current_time=instant(now)))


FEATURE = Feature(hears=MappingProxyType({"Heartbeat": heard}))
