"""SetMonitoringLevel: keep quiet about less severe events (OCPP N05)."""

from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_workers.straight import straight

FEATURE = straight(
    SetMonitoringLevel,
    "SetMonitoringLevel",
    lambda command, _: {"severity": command.severity},
    harmless=True,
)
