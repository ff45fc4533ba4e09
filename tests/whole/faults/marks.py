"""What a command, its CALL, a part of a report and its event can be known by, so that histories fit together. Pure.

Every command of the suite carries a serial number of its station in a member that reaches the station's CALL, or a
value that no other command for that station has.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ocppdiag_contracts.commands import (
    Command,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    IfOffline,
    MonitoringBase,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    TriggerLogStatus,
    WantedMonitor,
)
from ocppdiag_contracts.device_model import Component, ComponentVariable, MonitorType, Variable

ACTIONS = {
    "get_log": "GetLog",
    "get_monitoring_report": "GetMonitoringReport",
    "customer_information": "CustomerInformation",
    "set_monitoring_level": "SetMonitoringLevel",
    "set_monitoring_base": "SetMonitoringBase",
    "set_variable_monitoring": "SetVariableMonitoring",
    "trigger_log_status": "TriggerMessage",
}
"""The CALL that each command leads to."""

REPORTS = {
    "GetMonitoringReport": "NotifyMonitoringReport",
    "CustomerInformation": "NotifyCustomerInformation",
}
"""What is followed by parts, and their CALL."""

TRIGGER = "trigger"
LEVELS = range(10)
BASES = tuple(MonitoringBase)

Json = Mapping[str, Any]


class Part(NamedTuple):
    """What a station has told and an event must tell; `content` is None where the event may not say it."""

    station: str
    kind: str
    request: int | None
    number: int
    content: str | None


def make(
    name: str, station: str, serial: int, deadline: datetime, *, clear: bool = False, wait: bool = False
) -> Command:
    """Make a command whose CALL has the mark `serial`."""
    common: dict[str, Any] = {
        "station": station,
        "deadline": deadline,
        "if_offline": IfOffline.WAIT if wait else IfOffline.FAIL,
    }
    match name:
        case "get_log":
            return GetLog(**common, retry_interval=serial)
        case "get_monitoring_report":
            one = ComponentVariable(component=Component(name=str(serial)))
            return GetMonitoringReport(**common, component_variable=[one])
        case "customer_information":
            return CustomerInformation(
                **common, customer_identifier=str(serial), clear=clear, report=not clear
            )
        case "set_monitoring_level":
            return SetMonitoringLevel(**common, severity=serial)
        case "set_monitoring_base":
            return SetMonitoringBase(**common, monitoring_base=BASES[serial])
        case "set_variable_monitoring":
            monitor = WantedMonitor(
                component=Component(name="Suite"),
                variable=Variable(name="Threshold"),
                type=MonitorType.UPPER_THRESHOLD,
                value=serial,
                severity=5,
            )
            return SetVariableMonitoring(**common, set_monitoring_data=[monitor])
        case "trigger_log_status":
            return TriggerLogStatus(**common)
        case _:
            raise ValueError(f"{name} is no command of the suite")


def of_command(command: Command) -> str:
    """Return the mark that the command's CALL will have."""
    match command:
        case GetLog():
            return str(command.retry_interval)
        case GetMonitoringReport(component_variable=[one]):
            return one.component.name
        case CustomerInformation():
            return str(command.customer_identifier)
        case SetMonitoringLevel():
            return str(command.severity)
        case SetMonitoringBase():
            return command.monitoring_base.value
        case SetVariableMonitoring(set_monitoring_data=[one]):
            return str(int(one.value))
        case TriggerLogStatus():
            return TRIGGER
        case _:
            raise ValueError(f"{command.command} is no command of the suite")


def of_call(action: str, payload: Json) -> str:
    """Return the mark in a CALL that a station has got; empty where it is none of the suite's."""
    match action:
        case "GetLog":
            return str(payload["retryInterval"])
        case "GetMonitoringReport":
            return str(payload["componentVariable"][0]["component"]["name"])
        case "CustomerInformation":
            return str(payload["customerIdentifier"])
        case "SetMonitoringLevel":
            return str(payload["severity"])
        case "SetMonitoringBase":
            return str(payload["monitoringBase"])
        case "SetVariableMonitoring":
            return str(int(payload["setMonitoringData"][0]["value"]))
        case "TriggerMessage":
            return TRIGGER
        case _:
            return ""


def contents(station: str, action: str, mark: str) -> tuple[str, ...]:
    """Return what each part of a report says: always the same for the same request."""
    count = 1 + _drawn(f"{station}/{action}/{mark}") % 5
    return tuple(f"{mark}/{number};" for number in range(count))


def log(station: str, mark: str) -> bytes:
    """Return the log that a station uploads for a request."""
    line = f"{station} {mark}\n".encode()
    return line * (20 + _drawn(f"{station}/log/{mark}") % 600)


def part_told(station: str, action: str, payload: Json) -> Part | None:
    """Read a station's CALL; None for one that no event has to tell."""
    match action:
        case "NotifyMonitoringReport":
            said = payload["monitor"][0]["variable"]["instance"]
        case "NotifyCustomerInformation":
            said = payload["data"]
        case "NotifyEvent":
            return Part(station, action, None, payload["eventData"][0]["eventId"], None)
        case _:
            return None
    return Part(station, action, payload["requestId"], payload["seqNo"], said)


def part_heard(event: Json) -> Part | None:
    """Read an event; None for one that tells no part."""
    match event["event"]:
        case "monitoring_report_part_received":
            kind, said = "NotifyMonitoringReport", event["monitor"][0]["variable"]["instance"]
        case "customer_information_part_received":
            kind, said = "NotifyCustomerInformation", event.get("data")
        case "event_reported":
            return Part(event["station"], "NotifyEvent", None, event["event_id"], None)
        case _:
            return None
    return Part(event["station"], kind, event["request_id"], event["seq_no"], said)


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())


def digest(body: bytes) -> str:
    """Return the SHA-256 of a log, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()
