"""A command of each kind, as the machine sends them."""

from collections.abc import Callable

from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    Command,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    SetMonitoringBase,
    SetMonitoringLevel,
    TriggerLogStatus,
)

TOKEN = {"id_token": "T", "type": "Central"}
KINDS: dict[str, Callable[..., Command]] = {
    "get_log": GetLog,
    "get_monitoring_report": GetMonitoringReport,
    "tell_customer": lambda **more: CustomerInformation(report=True, customer_identifier="c", **more),
    "clear_customer": lambda **more: CustomerInformation(
        report=True, clear=True, id_token=TOKEN, local_list_version=1, **more
    ),
    "set_monitoring_level": lambda **more: SetMonitoringLevel(severity=5, **more),
    "set_monitoring_base": lambda **more: SetMonitoringBase(monitoring_base="All", **more),
    "trigger_log_status": TriggerLogStatus,
    "clear_one_monitor": lambda **more: ClearVariableMonitoring(monitor_ids=[1], **more),
    "clear_two_monitors": lambda **more: ClearVariableMonitoring(monitor_ids=[1, 2], **more),
}
