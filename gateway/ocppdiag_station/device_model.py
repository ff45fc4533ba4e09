"""The device model of one station: its values, its monitors, and the events that follow (N03 to N08). Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from ocppdiag_ocpp.device_model import Component, Variable
from ocppdiag_ocpp.messages.notify_event import EventNotification, EventTrigger
from ocppdiag_ocpp.messages.set_monitoring_base import MonitoringBase
from ocppdiag_station.device import Device, Key, Monitor, StationVariable, device, key_of
from ocppdiag_station.watch import Fired, Watch

LEAST_SEVERE = 9
CONTROLLER = Component(name="MonitoringCtrlr")
ACTIVE_BASE = key_of(CONTROLLER, Variable(name="ActiveMonitoringBase"))
ACTIVE_LEVEL = key_of(CONTROLLER, Variable(name="ActiveMonitoringLevel"))
_DELIVERED = frozenset({EventNotification.HARD_WIRED_MONITOR, EventNotification.PRECONFIGURED_MONITOR})
KEPT = {
    MonitoringBase.ALL: _DELIVERED | {EventNotification.CUSTOM_MONITOR},
    MonitoringBase.FACTORY_DEFAULT: _DELIVERED,
    MonitoringBase.HARD_WIRED_ONLY: frozenset({EventNotification.HARD_WIRED_MONITOR}),
}
"""Which monitors stay in each base; those that were delivered come back in the first two."""


class UnknownVariableError(LookupError):
    """The station has no such variable."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a NotifyEvent tells; `monitor` is None for a hard-wired notification."""

    id: int
    at: datetime
    where: StationVariable
    value: str
    trigger: EventTrigger
    monitor: Monitor | None = None
    cleared: bool = False
    tech_code: str | None = None
    tech_info: str | None = None


class DeviceModel:
    """A station's variables and monitors; the present is always an argument."""

    def __init__(self, delivered: Device | None = None, *, now: datetime) -> None:
        self.delivered = delivered or device()
        self.level = LEAST_SEVERE
        self._values: dict[Key, str] = {}
        self._watches: dict[int, Watch] = {}
        self._ids = count(max((monitor.id for monitor in self.delivered.monitors), default=0) + 1)
        self._events = count(1)
        for monitor in self.delivered.monitors:
            self.watch(monitor, now)

    def variable(self, key: Key) -> StationVariable:
        """Return what was delivered there. Raises UnknownVariableError."""
        try:
            return self.delivered.variables[key]
        except KeyError:
            raise UnknownVariableError(".".join(str(part) for part in key if part is not None)) from None

    def value(self, key: Key) -> str:
        """Return the present value. Raises UnknownVariableError."""
        there = self.variable(key)
        return self._values.get(key, there.value)

    def set(self, key: Key, value: str, now: datetime) -> list[Event]:
        """Change a value, and return the events of the monitors on it. Raises UnknownVariableError."""
        self.variable(key)
        self._values[key] = value
        watches = [watch for watch in self._watches.values() if watch.monitor.key == key]
        return self._events_of(
            ((watch, watch.see(value, heard=self._hears(watch))) for watch in watches), now
        )

    def tick(self, now: datetime) -> list[Event]:
        """Return the events of the periodic monitors that are due."""
        fired = ((watch, watch.tick(now)) for watch in self._watches.values() if watch.due)
        return self._events_of(((watch, why) for watch, why in fired if self._hears(watch)), now)

    def next_due(self) -> datetime | None:
        """When `tick` will next have something to do."""
        return min((watch.due for watch in self._watches.values() if watch.due), default=None)

    def notification(self, key: Key, value: str, now: datetime, code: str | None, info: str | None) -> Event:
        """Tell something that no monitor is behind (HardWiredNotification). Raises UnknownVariableError."""
        self._values[key] = value
        where = self.variable(key)
        return Event(
            next(self._events), now, where, value, EventTrigger.ALERTING, tech_code=code, tech_info=info
        )

    def monitor(self, monitor_id: int) -> Monitor | None:
        """Return the active monitor that has this id."""
        watch = self._watches.get(monitor_id)
        return watch.monitor if watch else None

    def monitors(self) -> Iterator[Monitor]:
        """All active monitors, by id."""
        return (self._watches[number].monitor for number in sorted(self._watches))

    def new_id(self) -> int:
        """Choose the id of a new monitor; none is used twice."""
        return next(self._ids)

    def watch(self, monitor: Monitor, now: datetime) -> list[Event]:
        """Put a monitor to work, in the place of one with its id; what is beyond already is told (N07.FR.11)."""
        value = self.value(monitor.key)
        before = self._watches.get(monitor.id)
        watch = Watch(monitor, value, now, exceeded=before is not None and before.exceeded)
        self._watches[monitor.id] = watch
        return self._events_of([(watch, watch.see(value, heard=self._hears(watch)))], now)

    def clear(self, monitor_id: int) -> None:
        """Drop a monitor; one that had alerted is not told to be over (N07.FR.12). Raises KeyError."""
        del self._watches[monitor_id]

    def set_base(self, base: MonitoringBase, now: datetime) -> list[Event]:
        """Go back to a set of monitors (N03); return the events of those that work again."""
        kept = KEPT[base]
        self._watches = {
            number: watch for number, watch in self._watches.items() if watch.monitor.kind in kept
        }
        # The variable spells one of the values in its own way.
        events = self.set(ACTIVE_BASE, base.value.replace("HardWired", "Hardwired"), now)
        if base is not MonitoringBase.HARD_WIRED_ONLY:
            for monitor in self.delivered.monitors:
                if monitor.id not in self._watches:
                    events += self.watch(monitor, now)
        return events

    def set_level(self, level: int, now: datetime) -> list[Event]:
        """Tell nothing less severe from now on (N05)."""
        self.level = level
        return self.set(ACTIVE_LEVEL, str(level), now)

    def _hears(self, watch: Watch) -> bool:
        """Severe enough; and what watches transactions only has none here to watch."""
        return watch.monitor.severity <= self.level and not watch.monitor.transaction

    def _events_of(self, fired: Iterable[tuple[Watch, Fired | None]], now: datetime) -> list[Event]:
        return [self._event(watch.monitor, why, now) for watch, why in fired if why]

    def _event(self, monitor: Monitor, why: Fired, now: datetime) -> Event:
        where = self.variable(monitor.key)
        value = "" if where.write_only else self.value(monitor.key)  # N07.FR.10
        return Event(next(self._events), now, where, value, why.trigger, monitor, why.cleared)
