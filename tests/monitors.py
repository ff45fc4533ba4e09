"""A simulated station's monitors, for the tests of them."""

from datetime import UTC, datetime
from typing import Any

from ocppdiag_ocpp.device_model import Component, Evse, MonitorType, Variable
from ocppdiag_ocpp.messages.notify_event import EventTrigger
from ocppdiag_ocpp.messages.set_monitoring_base import MonitoringBase
from ocppdiag_ocpp.messages.set_variable_monitoring import SetMonitoringData, SetMonitoringResult
from ocppdiag_station.device import key_of
from ocppdiag_station.device_model import DeviceModel, Event
from ocppdiag_station.monitoring import set_monitor

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
EVSE = Component(name="EVSE", evse=Evse(id=1))
STATION = Component(name="ChargingStation")
POWER, STATE, TEMPERATURE = (Variable(name=name) for name in ("Power", "AvailabilityState", "Temperature"))
WIRED, PRECONFIGURED_POWER = 1, 3


def model() -> DeviceModel:
    made = DeviceModel(now=NOW)
    number = next(m.id for m in made.monitors() if m.key == key_of(EVSE, POWER))
    assert number == PRECONFIGURED_POWER
    return made


def ask(
    made: DeviceModel,
    kind: str = "UpperThreshold",
    value: float = 100,
    *,
    severity: int = 5,
    component: Component = EVSE,
    variable: Variable = POWER,
    now: datetime = NOW,
    **more: Any,  # noqa: ANN401 (of several types)
) -> tuple[SetMonitoringResult, list[Event]]:
    # As a station gets it: with what only the text forbids still in it.
    item = SetMonitoringData.model_construct(
        value=value,
        type=MonitorType(kind),
        severity=severity,
        component=component,
        variable=variable,
        **{"id": None, "transaction": False, **more},
    )
    return set_monitor(made, item, now)


def told(
    made: DeviceModel, value: object, component: Component = EVSE, variable: Variable = POWER
) -> list[tuple[EventTrigger, bool, int | None]]:
    events = made.set(key_of(component, variable), str(value), NOW)
    return [(event.trigger, event.cleared, event.monitor.id if event.monitor else None) for event in events]


def only_the_wired(made: DeviceModel) -> DeviceModel:
    made.set_base(MonitoringBase.HARD_WIRED_ONLY, NOW)
    return made


ALERT, OVER = (EventTrigger.ALERTING, False), (EventTrigger.ALERTING, True)
