"""One monitor at work: what it makes of a new value, or of time that passes (OCPP 2.0.1 N07, N08). Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ocppdiag_ocpp.device_model import MonitorType
from ocppdiag_ocpp.messages.notify_event import EventTrigger
from ocppdiag_station.device import Monitor

PERIODIC = (MonitorType.PERIODIC, MonitorType.PERIODIC_CLOCK_ALIGNED)


@dataclass(frozen=True, slots=True)
class Fired:
    """Why an event is due; `cleared` when what was alerted is over (N07.FR.02)."""

    trigger: EventTrigger
    cleared: bool = False


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


class Watch:
    """A monitor, and what it has to remember."""

    __slots__ = ("due", "exceeded", "monitor", "reported")

    def __init__(self, monitor: Monitor, value: str, now: datetime, *, exceeded: bool = False) -> None:
        self.monitor = monitor
        self.reported = value
        """The value when it was set or last reported: what a Delta compares with (N07.FR.18)."""

        self.exceeded = exceeded
        self.due = self._after(now) if monitor.type in PERIODIC else None

    def see(self, value: str, *, heard: bool) -> Fired | None:
        """Judge a new value; not `heard` (too little severe, N07.FR.15) there is no event whatever it is."""
        match self.monitor.type:
            case MonitorType.UPPER_THRESHOLD | MonitorType.LOWER_THRESHOLD:
                before, self.exceeded = self.exceeded, self._beyond(value)
                changed = self.exceeded is not before
                return Fired(EventTrigger.ALERTING, cleared=before) if changed and heard else None
            case MonitorType.DELTA if heard and self._far(value):
                self.reported = value
                return Fired(EventTrigger.DELTA)
            case _:
                return None

    def tick(self, now: datetime) -> Fired | None:
        """Judge the time; periods that were missed are not made up for."""
        if self.due is None or now < self.due:
            return None
        self.due = self._after(now)
        return Fired(EventTrigger.PERIODIC)

    def _beyond(self, value: str) -> bool:
        """Strictly beyond: the threshold itself is still good (N07.FR.16, .17)."""
        number = _number(value)
        if number is None:
            return False
        if self.monitor.type is MonitorType.UPPER_THRESHOLD:
            return number > self.monitor.value
        return number < self.monitor.value

    def _far(self, value: str) -> bool:
        """More than the delta for numbers, any change for all else (N07.FR.18, .19)."""
        new, old = _number(value), _number(self.reported)
        if new is None or old is None:
            return value != self.reported
        return abs(new - old) > self.monitor.value

    def _after(self, now: datetime) -> datetime:
        """The next time: clock-aligned counts from midnight, else from now (N08.FR.06, .07)."""
        period = timedelta(seconds=self.monitor.value)
        if self.monitor.type is MonitorType.PERIODIC:
            return now + period
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + ((now - midnight) // period + 1) * period
