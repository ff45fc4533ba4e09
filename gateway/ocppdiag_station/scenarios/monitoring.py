"""Faults with setting and clearing monitors, and reading what a station takes (OCPP 2.0.1 N03 to N06, B06)."""

from typing import Any

from ocppdiag_station.bends import MONITORING, answering, answers, calling, refuses
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.scenarios.logs import REJECTED
from ocppdiag_station.steps import Answer
from ocppdiag_station.words import Payload

RESULTS = ("SetVariableMonitoring", "ClearVariableMonitoring", "GetVariables")


def _with_kind(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        more = {"eventNotificationType": "PreconfiguredMonitor"} if "severity" in value else {}
        return {name: _with_kind(item) for name, item in value.items()} | more
    return [_with_kind(item) for item in value] if isinstance(value, list) else value


def _reversed_results(payload: Payload) -> Payload:
    return {name: value[::-1] if isinstance(value, list) else value for name, value in payload.items()}


def _lost_result(payload: Payload) -> Payload:
    return {name: value[:-1] if isinstance(value, list) else value for name, value in payload.items()}


def _limits_unknown(payload: Payload) -> Payload:
    return {"getVariableResult": [_unknown(item) for item in payload["getVariableResult"]]}


def _unknown(item: Payload) -> Payload:
    if "PerMessage" not in item["variable"]["name"]:
        return item
    named = {name: item[name] for name in ("component", "variable")}
    return {**named, "attributeStatus": "UnknownVariable"}


NOT_SUPPORTED = answers({"status": "NotSupported"})

SCENARIOS = {
    "monitoring-not-implemented": Scenario(
        "answers all monitoring with CALLERROR NotImplemented",
        instead={action: refuses("NotImplemented") for action in MONITORING},
        values={"MonitoringCtrlr.Available": "false", "MonitoringCtrlr.Enabled": "false"},
    ),
    "monitoring-not-supported": Scenario(
        "N02, N03: answers NotSupported, and refuses the rest of monitoring",
        instead={action: REJECTED[action] for action in MONITORING}
        | {"GetMonitoringReport": NOT_SUPPORTED, "SetMonitoringBase": NOT_SUPPORTED},
    ),
    "base-rejected": Scenario(
        "rejects each SetMonitoringBase", instead={"SetMonitoringBase": REJECTED["SetMonitoringBase"]}
    ),
    "level-rejected": Scenario(
        "N05: rejects each SetMonitoringLevel", instead={"SetMonitoringLevel": REJECTED["SetMonitoringLevel"]}
    ),
    "set-monitoring-empty": Scenario(
        "sets nothing, and answers `setMonitoringResult: []`",
        instead={"SetVariableMonitoring": lambda _: (Answer({"setMonitoringResult": []}),)},
    ),
    "set-monitoring-rejected": Scenario(
        "N04: rejects each monitor", instead={"SetVariableMonitoring": REJECTED["SetVariableMonitoring"]}
    ),
    "clear-rejected": Scenario(
        "N06: rejects each id, as if hard-wired",
        instead={"ClearVariableMonitoring": REJECTED["ClearVariableMonitoring"]},
    ),
    "results-reversed": Scenario(
        "N04.FR.02: answers results in another order, as is right",
        bends=(answering(RESULTS, _reversed_results),),
    ),
    "results-lost": Scenario(
        "N04.FR.01: answers one result too few", bends=(answering(RESULTS, _lost_result),)
    ),
    "report-kind": Scenario(
        "reports eventNotificationType, which 2.0.1 forbids there",
        bends=(calling(("NotifyMonitoringReport",), _with_kind),),
    ),
    "limits-small": Scenario(
        "N04.FR.09, N06.FR.04: takes two monitors in one message",
        values={
            "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]": "2",
            "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]": "2",
            "DeviceDataCtrlr.ItemsPerMessage[GetReport]": "2",
        },
    ),
    "limits-small-bytes": Scenario(
        "N04.FR.09, N06.FR.07: takes 500 bytes in one message",
        values={
            "MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]": "500",
            "MonitoringCtrlr.BytesPerMessage[ClearVariableMonitoring]": "500",
        },
    ),
    "limits-unknown": Scenario(
        "does not say how much it takes", bends=(answering(("GetVariables",), _limits_unknown),)
    ),
}
