"""A station of the in-memory double: its log, its monitors, and what it knows of customers."""

from collections.abc import Iterable, Mapping

from ocppdiag_contracts.commands import (
    CustomerInformation,
    GetMonitoringReport,
    MonitoringBase,
    WantedMonitor,
)
from ocppdiag_contracts.device_model import Monitor, MonitoringData
from ocppdiag_contracts.events import ClearMonitoringResult, Outcome, SetMonitoringResult
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import Message

DEFAULT_LOG = b"2026-01-01T00:00:00Z startup\n"
NOTHING_KNOWN = "Nothing is known of this customer."
VARIABLES_A_PART = 4
CHARACTERS_A_PART = 512
"""As many may one NotifyCustomerInformation have (OCPP 2.0.1 part 2)."""


class DoubleStation:
    """It does what it is asked, or ends every command with `failure`."""

    def __init__(
        self,
        *,
        log: bytes = DEFAULT_LOG,
        monitors: Iterable[MonitoringData] = (),
        customers: Mapping[str, str] | None = None,
        connected: bool = True,
        failure: Failure | None = None,
        outcome: Outcome = Outcome.FAILED,
    ) -> None:
        self.log = log
        self.connected = connected
        self.failure = failure
        self.outcome = outcome
        self._given = tuple(monitors)
        self._monitors = list(self._given)
        self._customers = {name.lower(): text for name, text in (customers or {}).items()}

    def report(self, command: GetMonitoringReport) -> list[list[MonitoringData]]:
        """List the monitors that pass both filters, in parts."""
        passed = [
            data.model_copy(update={"variable_monitoring": kept})
            for data in self._monitors
            if (kept := [each for each in data.variable_monitoring if _passes(command, data, each)])
        ]
        return [passed[first : first + VARIABLES_A_PART] for first in range(0, len(passed), VARIABLES_A_PART)]

    def reset(self, base: MonitoringBase) -> None:
        """Drop what was set, unless the base keeps it; what the station was given is hard-wired."""
        if base is not MonitoringBase.ALL:
            self._monitors = list(self._given)

    def watch(self, wanted: WantedMonitor) -> SetMonitoringResult:
        """Create a monitor, or replace one that is there."""
        taken = [monitor.id for data in self._monitors for monitor in data.variable_monitoring]
        number = max(taken, default=0) + 1 if wanted.id is None else wanted.id
        good = wanted.id is None or wanted.id in taken
        if good:
            self.drop(number)
            monitor = Monitor(
                id=number,
                type=wanted.type,
                severity=wanted.severity,
                value=wanted.value,
                transaction=wanted.transaction,
            )
            one = MonitoringData(
                component=wanted.component, variable=wanted.variable, variable_monitoring=[monitor]
            )
            self._monitors.append(one)
        return SetMonitoringResult(
            component=wanted.component,
            variable=wanted.variable,
            type=wanted.type,
            severity=wanted.severity,
            status="Accepted" if good else "Rejected",
            id=number if good else None,
        )

    def drop(self, number: int) -> ClearMonitoringResult:
        """Drop a monitor, if it is there."""
        left = [
            data.model_copy(update={"variable_monitoring": kept})
            for data in self._monitors
            if (kept := [monitor for monitor in data.variable_monitoring if monitor.id != number])
        ]
        found = left != self._monitors
        self._monitors = left
        return ClearMonitoringResult(id=number, status="Accepted" if found else "NotFound")

    def tell(self, command: CustomerInformation) -> list[str]:
        """Tell of a customer, in parts; whoever is to be cleared is then forgotten."""
        name = _name(command)
        text = self._customers.get(name, NOTHING_KNOWN) if command.report else ""
        if command.clear:
            self._customers.pop(name, None)
        return [text[at : at + CHARACTERS_A_PART] for at in range(0, len(text), CHARACTERS_A_PART)] or [""]


def _passes(command: GetMonitoringReport, data: MonitoringData, monitor: Monitor) -> bool:
    criteria, places = command.monitoring_criteria, command.component_variable
    # A criterion's first word is in the names of its types: Threshold, Delta, Periodic.
    of_kind = not criteria or any(each.removesuffix("Monitoring") in monitor.type for each in criteria)
    return of_kind and (not places or any(_means(place, data) for place in places))


def _means(place: object, there: object) -> bool:
    """Whether all that a place names is so; an instance, EVSE, connector or variable that it does not name is any."""
    if isinstance(place, Message):
        names = type(place).model_fields
        return there is not None and all(_means(getattr(place, name), getattr(there, name)) for name in names)
    return place is None or str(place).casefold() == str(there).casefold()


def _name(command: CustomerInformation) -> str:
    if command.id_token:
        return command.id_token.id_token.lower()
    if command.customer_certificate:
        return command.customer_certificate.serial_number.lower()
    return (command.customer_identifier or "").lower()
