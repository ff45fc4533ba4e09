"""SetMonitoringBase: go back to a set of monitors; which ones there are then, only a new report says (OCPP N03)."""

from ocppdiag_contracts.commands import SetMonitoringBase
from ocppdiag_workers.operation import MonitorsSeen
from ocppdiag_workers.straight import straight

FEATURE = straight(
    SetMonitoringBase,
    "SetMonitoringBase",
    lambda command: {"monitoring_base": command.monitoring_base.value},
    seen=MonitorsSeen(all_gone=True),
)
