"""Heartbeat: tell the station the time (OCPP G02)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_workers import dialect
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.operation import instant


def heard(called: link.Called, _: House, now: float) -> Heard:
    """Answer, whatever the payload: there is nothing in it to read."""
    return Heard(answer=dialect.answer(called, {"current_time": instant(now)}))


FEATURE = Feature(hears=MappingProxyType({"Heartbeat": heard}))
