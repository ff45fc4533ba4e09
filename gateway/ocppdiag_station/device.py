"""What a simulated station is made of when it leaves the factory: variables and monitors. Immutable, shared by all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ocppdiag_ocpp.device_model import Component, Evse, MonitorType, Variable
from ocppdiag_ocpp.messages.notify_event import EventNotification

Key = tuple[str, str | None, int | None, int | None, str, str | None]
"""Component name and instance, EVSE and connector, variable name and instance; names in lower case."""

DEFAULT_EVSES = 2
ITEMS_PER_MESSAGE = 10
BYTES_PER_MESSAGE = 8192


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def key_of(component: Component, variable: Variable) -> Key:
    """Say which variable is meant; names are compared without regard to case (OCPP 2.0.1 part 1, 4)."""
    evse = component.evse
    return (
        component.name.casefold(),
        _folded(component.instance),
        evse.id if evse else None,
        evse.connector_id if evse else None,
        variable.name.casefold(),
        _folded(variable.instance),
    )


@dataclass(frozen=True, slots=True)
class StationVariable:
    """One variable of one component, as delivered. `lowest` and `highest` bound a threshold on it (N04.FR.06)."""

    component: Component
    variable: Variable
    value: str
    numeric: bool = False
    lowest: float | None = None
    highest: float | None = None
    write_only: bool = False
    monitored: bool = True
    """Whether monitors can be set on it at all (supportsMonitoring)."""

    @property
    def key(self) -> Key:
        """Which variable this is."""
        return key_of(self.component, self.variable)


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor: hard-wired, preconfigured or custom, which `kind` says in the words of NotifyEvent."""

    id: int
    key: Key
    type: MonitorType
    value: float
    severity: int
    kind: EventNotification
    transaction: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A station as delivered."""

    variables: Mapping[Key, StationVariable]
    monitors: tuple[Monitor, ...]

    def has_component(self, key: Key) -> bool:
        """Tell whether any variable has this component."""
        return any(there[:4] == key[:4] for there in self.variables)

    def connectors(self) -> list[tuple[int, int]]:
        """All EVSEs with their connectors, by number."""
        found = {(key[2], key[3]) for key in self.variables}
        return sorted(
            (evse, connector) for evse, connector in found if evse is not None and connector is not None
        )


def _control(name: str, values: Mapping[str, str], *, monitored: bool = True) -> Iterator[StationVariable]:
    """A controller component; `ItemsPerMessage[GetReport]` names a variable with an instance."""
    for text, value in values.items():
        variable, _, instance = text.rstrip("]").partition("[")
        yield StationVariable(
            Component(name=name),
            Variable(name=variable, instance=instance) if instance else Variable(name=variable),
            value,
            numeric=value.isdigit(),
            monitored=monitored,
        )


def _controllers() -> Iterator[StationVariable]:
    per_message = {
        f"{what}[{action}]": str(limit)
        for what, limit in (("ItemsPerMessage", ITEMS_PER_MESSAGE), ("BytesPerMessage", BYTES_PER_MESSAGE))
        for action in ("SetVariableMonitoring", "ClearVariableMonitoring")
    }
    reading = {
        f"{what}[{action}]": str(limit)
        for what, limit in (("ItemsPerMessage", ITEMS_PER_MESSAGE), ("BytesPerMessage", BYTES_PER_MESSAGE))
        for action in ("GetReport", "GetVariables")
    }
    base = {"ActiveMonitoringBase": "FactoryDefault", "ActiveMonitoringLevel": "9"}
    can = {"Available": "true", "Enabled": "true", "OfflineQueuingSeverity": "4"}
    yield from _control("MonitoringCtrlr", per_message | base | can)
    yield from _control("DeviceDataCtrlr", reading, monitored=False)
    transfer = {
        "FileTransferProtocols": "HTTP,HTTPS",
        "HeartbeatInterval": "300",
        "MessageTimeout[Default]": "60",
    }
    yield from _control("OCPPCommCtrlr", transfer)
    yield StationVariable(
        Component(name="SecurityCtrlr"), Variable(name="BasicAuthPassword"), "", write_only=True
    )
    yield from _control("SecurityCtrlr", {"SecurityProfile": "1"})


def _measured(component: Component, power: float) -> Iterator[StationVariable]:
    yield StationVariable(component, Variable(name="AvailabilityState"), "Available")
    yield StationVariable(component, Variable(name="Problem"), "false")
    yield StationVariable(
        component, Variable(name="Power"), "0", numeric=True, lowest=-1 * power, highest=power
    )
    yield StationVariable(
        component, Variable(name="Temperature"), "25", numeric=True, lowest=-60, highest=200
    )


def _hardware(evses: int) -> Iterator[StationVariable]:
    yield from _measured(Component(name="ChargingStation"), 150_000 * evses)
    yield StationVariable(Component(name="ChargingStation"), Variable(name="Model"), "Simulated")
    for number in range(1, evses + 1):
        yield from _measured(Component(name="EVSE", evse=Evse(id=number)), 150_000)
        connector = Component(name="Connector", evse=Evse(id=number, connector_id=1))
        for name, value in (
            ("AvailabilityState", "Available"),
            ("Problem", "false"),
            ("PlugRetentionLock", "false"),
        ):
            yield StationVariable(connector, Variable(name=name), value)


def _sensors(count: int) -> Iterator[StationVariable]:
    """As many more variables as are wanted, for reports that are long."""
    for number in range(count):
        component = Component(name="Sensor", instance=f"s{number}")
        yield StationVariable(
            component, Variable(name="Temperature"), "25", numeric=True, lowest=-60, highest=200
        )


def _factory(variables: Iterable[StationVariable]) -> Iterator[Monitor]:
    """Number the monitors that a station is delivered with; nothing is monitored periodically."""
    wired, configured = EventNotification.HARD_WIRED_MONITOR, EventNotification.PRECONFIGURED_MONITOR
    upper, lower, delta = MonitorType.UPPER_THRESHOLD, MonitorType.LOWER_THRESHOLD, MonitorType.DELTA
    wanted: dict[tuple[str, str], tuple[tuple[MonitorType, float, int, EventNotification], ...]] = {
        ("chargingstation", "temperature"): ((upper, 80, 1, wired),),
        ("evse", "power"): ((upper, 22_000, 4, configured),),
        ("evse", "temperature"): ((upper, 70, 3, configured), (lower, -25, 3, configured)),
        ("evse", "problem"): ((delta, 1, 3, configured),),
        ("sensor", "temperature"): ((upper, 70, 6, configured),),
    }
    number = 0
    for there in variables:
        for kind, value, severity, origin in wanted.get((there.key[0], there.key[4]), ()):
            number += 1
            yield Monitor(number, there.key, kind, value, severity, origin)


@cache
def device(evses: int = DEFAULT_EVSES, sensors: int = 0) -> Device:
    """Build a station with so many EVSEs (one connector each), and so many more variables with one monitor each."""
    variables = {there.key: there for there in (*_controllers(), *_hardware(evses), *_sensors(sensors))}
    return Device(MappingProxyType(variables), tuple(_factory(variables.values())))
