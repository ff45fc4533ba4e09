"""A station of the in-memory double: its log, its monitors, and what it knows of customers."""

from collections.abc import Iterable, Mapping

from ocppdiag_contracts.commands import CustomerInformation, WantedMonitor
from ocppdiag_contracts.device_model import Monitor, MonitoringData
from ocppdiag_contracts.events import ClearMonitoringResult, Outcome, SetMonitoringResult
from ocppdiag_contracts.failures import Failure

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
        failure: Failure | None = None,
        outcome: Outcome = Outcome.FAILED,
    ) -> None:
        self.log = log
        self.failure = failure
        self.outcome = outcome
        self._monitors = list(monitors)
        self._customers = {name.lower(): text for name, text in (customers or {}).items()}

    def report(self) -> list[list[MonitoringData]]:
        """List all monitors, in parts."""
        return [
            self._monitors[first : first + VARIABLES_A_PART]
            for first in range(0, len(self._monitors), VARIABLES_A_PART)
        ]

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


def _name(command: CustomerInformation) -> str:
    if command.id_token:
        return command.id_token.id_token.lower()
    if command.customer_certificate:
        return command.customer_certificate.serial_number.lower()
    return (command.customer_identifier or "").lower()
