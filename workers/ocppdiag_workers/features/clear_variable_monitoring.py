"""ClearVariableMonitoring: drop monitors, never more in one request than the station takes (OCPP N06)."""

from collections.abc import Sequence

from ocppdiag_contracts.commands import ClearVariableMonitoring
from ocppdiag_contracts.events import ClearMonitoringResult, MonitorsCleared
from ocppdiag_workers import dialect, lifecycle
from ocppdiag_workers.itemised import Itemised
from ocppdiag_workers.operation import MonitorsSeen, Operation

ACTION = "ClearVariableMonitoring"


def results(operation: Operation, asked: Sequence[int], payload: bytes) -> list[ClearMonitoringResult]:
    """Find each id's result wherever it stands (N06.FR.05 says one each, not in which order)."""
    if dialect.empty_list(payload, "clearMonitoringResult"):
        return [ClearMonitoringResult(id=monitor, status=None) for monitor in asked]
    response = dialect.read_response(operation, ACTION, payload)
    found: dict[int, ClearMonitoringResult] = {}
    for result in getattr(response, "clear_monitoring_result", ()):
        status, why = lifecycle.said(result)
        found.setdefault(result.id, ClearMonitoringResult(id=result.id, status=status, reason_code=why))
    return [found.get(monitor) or ClearMonitoringResult(id=monitor, status=None) for monitor in asked]


FEATURE = Itemised(
    command=ClearVariableMonitoring,
    action=ACTION,
    items=lambda operation: operation.asked(ClearVariableMonitoring).monitor_ids,
    fields=lambda ids: {"id": list(ids)},
    results=results,
    result_type=ClearMonitoringResult,
    result=lambda cleared: MonitorsCleared(results=cleared),
    accepted=lambda result: result.status == "Accepted",
    seen=lambda cleared: MonitorsSeen(
        {result.id: None for result in cleared if result.status in ("Accepted", "NotFound")}
    ),
).feature()
