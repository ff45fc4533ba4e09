"""SetMonitoringBase: go back to a set of monitors; which ones there are then, only a new report says (OCPP N03)."""

from ocppdiag_contracts.commands import MonitoringBase, SetMonitoringBase
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_workers.operation import MonitorsSeen
from ocppdiag_workers.straight import straight


def _fields(command: SetMonitoringBase, version: OcppVersion) -> dict[str, str]:
    base = command.monitoring_base.value
    if version is OcppVersion.V20 and command.monitoring_base is MonitoringBase.HARD_WIRED_ONLY:
        base = "None"  # its name then
    return {"monitoring_base": base}


FEATURE = straight(
    SetMonitoringBase,
    "SetMonitoringBase",
    _fields,
    seen=MonitorsSeen(all_gone=True),
)
