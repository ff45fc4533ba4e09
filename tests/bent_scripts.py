"""What a simulated station of a scenario does about a request, for the tests of scenarios."""

import json
from datetime import UTC, datetime
from typing import Any

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_station import SCENARIOS, Scenario, requests, words
from ocppdiag_station.answers import Answers
from ocppdiag_station.customers import Customers, LocalList
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.steps import Answer, Call, Script, bent

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
REPORT, CUSTOMER = "NotifyMonitoringReport", "NotifyCustomerInformation"
MONITOR = {
    "value": 5,
    "type": "Delta",
    "severity": 5,
    "component": {"name": "EVSE", "evse": {"id": 1}},
    "variable": {"name": "Power"},
}
ASKED: dict[str, Any] = {
    "GetLog": {"requestId": 4, "logType": "DiagnosticsLog", "log": {"remoteLocation": "http://x/"}},
    "GetMonitoringReport": {"requestId": 5},
    "SetMonitoringBase": {"monitoringBase": "All"},
    "SetMonitoringLevel": {"severity": 9},
    "SetVariableMonitoring": {"setMonitoringData": [MONITOR, {**MONITOR, "value": 9}]},
    "ClearVariableMonitoring": {"id": [1, 2]},
    "CustomerInformation": {
        "requestId": 6,
        "report": True,
        "clear": False,
        "customerIdentifier": "Müller",
    },
    "SendLocalList": {"versionNumber": 2, "updateType": "Full"},
    "TriggerMessage": {"requestedMessage": "LogStatusNotification"},
    "GetVariables": {
        "getVariableData": [
            {
                "component": {"name": "MonitoringCtrlr"},
                "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
            }
        ]
    },
}


async def script(scenario: Scenario, action: str, version: OcppVersion = OcppVersion.V201) -> Script:
    """What a station of this scenario does about a request."""
    station = Answers(
        "CS-1",
        version,
        scenario,
        lambda: NOW,
        device=DeviceModel(now=NOW),
        known=Customers(),
        local_list=LocalList(),
    )
    if action in scenario.instead:
        return bent(action, scenario.instead[action](ASKED[action]), scenario.bends)
    request = requests.read(action, json.dumps(ASKED[action]).encode(), version)
    response = await station.answer(action, request)
    answer = Answer(words.write(action, response, version))
    return bent(action, (answer, *station.follow(request, response)), scenario.bends)


def payloads(there: Script, action: str) -> list[dict[str, Any]]:
    return [step.payload for step in there if isinstance(step, Call) and step.action == action]


async def parts(name: str, action: str = REPORT) -> list[dict[str, Any]]:
    asked = {REPORT: "GetMonitoringReport", CUSTOMER: "CustomerInformation"}[action]
    return payloads(await script(SCENARIOS[name], asked), action)
