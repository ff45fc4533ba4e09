"""What the text of OCPP says and no schema does: held in what we send, and never asked of what stations send."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Number, OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.messages.notify_customer_information import NotifyCustomerInformationRequest
from ocppdiag_ocpp.receive import receive

each_version = pytest.mark.parametrize("version", list(OcppVersion))
WHERE = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
MONITOR = {"value": 1, "type": "UpperThreshold", "severity": 5, **WHERE}
ASKED = {"requestId": 1, "report": True, "clear": False}
TOKEN = {"idToken": {"idToken": "canary-token", "type": "Central"}}
CERTIFICATE = {
    "customerCertificate": {
        "hashAlgorithm": "SHA256", "issuerNameHash": "canary-a", "issuerKeyHash": "canary-b", "serialNumber": "canary-c",
    }
}  # fmt: skip
IDENTIFIER = {"customerIdentifier": "canary-name"}
NOON = "2026-01-31T12:00:00Z"


def _request(action: str, version: OcppVersion, content: dict[str, Any]) -> OcppModel:
    return PROFILE.shapes(action, version).request.model_validate(content)


def _heard(action: str, version: OcppVersion, content: dict[str, Any]) -> dict[str, Any]:
    received = receive(PROFILE.shapes(action, version).request, json.dumps(content).encode())
    assert received.violations == ()
    written: dict[str, Any] = json.loads(received.message.to_wire())
    assert written == content
    return written


@each_version
def test_a_severity_that_we_send_is_0_to_9(version: OcppVersion) -> None:
    for severity in range(10):
        _request("SetMonitoringLevel", version, {"severity": severity})
        _request("SetVariableMonitoring", version, {"setMonitoringData": [MONITOR | {"severity": severity}]})
    for severity in (-1, 10, 2**31 - 1):
        with pytest.raises(ValidationError, match="severity"):
            _request("SetMonitoringLevel", version, {"severity": severity})
        with pytest.raises(ValidationError, match="severity"):
            _request(
                "SetVariableMonitoring", version, {"setMonitoringData": [MONITOR | {"severity": severity}]}
            )


@each_version
@pytest.mark.parametrize("severity", [-1, 10, 99])
def test_a_severity_that_a_station_sends_may_be_any(version: OcppVersion, severity: int) -> None:
    monitor = {"id": 0, "transaction": False, "value": -0.5, "type": "Delta", "severity": severity}
    report = {
        "requestId": 1, "seqNo": 0, "generatedAt": NOON, "tbc": False,
        "monitor": [{**WHERE, "variableMonitoring": [monitor]}],
    }  # fmt: skip
    _heard("NotifyMonitoringReport", version, report)
    result = {"status": "Rejected", "type": "Delta", "severity": severity, **WHERE}
    payload = json.dumps({"setMonitoringResult": [result]}).encode()
    assert receive(PROFILE.shapes("SetVariableMonitoring", version).response, payload).violations == ()


@each_version
def test_a_delta_that_we_send_is_not_negative_and_a_threshold_may_be(version: OcppVersion) -> None:
    for wanted in ({"type": "Delta", "value": 0}, {"type": "LowerThreshold", "value": -20.5}):
        _request("SetVariableMonitoring", version, {"setMonitoringData": [MONITOR | wanted]})
    negative = MONITOR | {"type": "Delta", "value": -0.1}
    with pytest.raises(ValidationError, match=r"N04\.FR\.14"):
        _request("SetVariableMonitoring", version, {"setMonitoringData": [negative]})


@each_version
def test_a_value_that_we_send_has_at_most_six_decimals_and_is_finite(version: OcppVersion) -> None:
    for value in (0.000001, 0.1, 123456.654321, 1e300):
        _request("SetVariableMonitoring", version, {"setMonitoringData": [MONITOR | {"value": value}]})
    for wrong in (0.0000001, 0.1 + 0.2, float("nan"), float("inf"), "1", True):
        with pytest.raises(ValidationError, match="value"):
            _request("SetVariableMonitoring", version, {"setMonitoringData": [MONITOR | {"value": wrong}]})


@each_version
@pytest.mark.parametrize("named", [TOKEN, CERTIFICATE, IDENTIFIER])
def test_a_customer_is_named_by_exactly_one_identifier(version: OcppVersion, named: dict[str, Any]) -> None:
    asked = _request("CustomerInformation", version, ASKED | named)
    assert json.loads(asked.to_wire()) == ASKED | named
    others = [other for other in (TOKEN, CERTIFICATE, IDENTIFIER) if other != named]
    for wrong in ({}, named | others[0], named | others[1], named | others[0] | others[1]):
        with pytest.raises(ValidationError, match="exactly one identifier"):
            _request("CustomerInformation", version, ASKED | wrong)


def _list(version_number: object, **info: object) -> dict[str, Any]:
    entry: dict[str, Any] = {**TOKEN, "idTokenInfo": {"status": "Accepted", **info}}
    return {"versionNumber": version_number, "updateType": "Full", "localAuthorizationList": [entry]}


def test_a_version_of_the_local_list_that_we_send_is_above_0() -> None:
    for version_number in (1, 2**31 - 1):
        _request("SendLocalList", OcppVersion.V201, _list(version_number))
    for wrong in (0, -1, 2**31, "1", True):
        with pytest.raises(ValidationError, match="versionNumber"):
            _request("SendLocalList", OcppVersion.V201, _list(wrong))


def test_a_charging_priority_that_we_send_is_minus_9_to_9() -> None:
    for priority in range(-9, 10):
        _request("SendLocalList", OcppVersion.V201, _list(1, chargingPriority=priority))
    for priority in (-10, 10):
        with pytest.raises(ValidationError, match="chargingPriority"):
            _request("SendLocalList", OcppVersion.V201, _list(1, chargingPriority=priority))


def test_nothing_of_a_local_list_that_names_a_customer_is_in_a_repr_or_an_error() -> None:
    group = {"idToken": "canary-group", "type": "eMAID"}
    greeting = {"format": "UTF8", "content": "canary, hello"}
    content = _list(1, groupIdToken=group, personalMessage=greeting)
    sent = _request("SendLocalList", OcppVersion.V201, content)
    assert "canary" not in repr(sent)
    assert json.loads(sent.to_wire()) == content
    with pytest.raises(ValidationError) as error:
        _request("SendLocalList", OcppVersion.V201, content | {"versionNumber": 0})
    assert "canary" not in str(error.value)


def test_a_token_is_removed_from_the_local_list_by_naming_it_without_its_info() -> None:
    removal = {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [TOKEN]}
    sent = _request("SendLocalList", OcppVersion.V201, removal)
    assert json.loads(sent.to_wire()) == removal


@each_version
def test_something_is_asked_about_a_customer(version: OcppVersion) -> None:
    for wishes in ((True, False), (False, True), (True, True)):
        asked = dict(zip(("report", "clear"), wishes, strict=True))
        _request("CustomerInformation", version, ASKED | IDENTIFIER | asked)
    with pytest.raises(ValidationError, match="neither report nor clear"):
        _request("CustomerInformation", version, ASKED | IDENTIFIER | {"report": False})


@pytest.mark.abuse("36 repr of OCPP messages", "nothing of a customer, nor in their errors")
@each_version
def test_what_is_named_about_a_customer_is_in_no_repr_and_no_error(version: OcppVersion) -> None:
    for named in (TOKEN, CERTIFICATE, IDENTIFIER):
        assert "canary" not in repr(_request("CustomerInformation", version, ASKED | named))
        with pytest.raises(ValidationError) as error:
            _request("CustomerInformation", version, ASKED | named | {"report": False})
        assert "canary" not in str(error.value)
    told = {"data": "canary", "seqNo": 0, "generatedAt": NOON, "requestId": 1, "tbc": True}
    assert "canary" not in repr(_request("NotifyCustomerInformation", version, told))


@each_version
def test_a_text_that_a_station_sends_may_be_empty(version: OcppVersion) -> None:
    told = {"data": "", "seqNo": 0, "generatedAt": NOON, "requestId": 1, "tbc": True}
    _heard("NotifyCustomerInformation", version, told)
    own = {"eventNotificationType": "CustomMonitor"} if version is OcppVersion.V201 else {}
    event = {
        "eventId": 0, "timestamp": NOON, "trigger": "Alerting", "actualValue": "", "cleared": False, **WHERE, **own,
    }  # fmt: skip
    _heard("NotifyEvent", version, {"generatedAt": NOON, "seqNo": 0, "tbc": False, "eventData": [event]})


def test_a_default_is_known_and_is_written_only_when_it_was_sent() -> None:
    part = {"data": "x", "seqNo": 0, "generatedAt": NOON, "requestId": 0}
    silent = NotifyCustomerInformationRequest.model_validate(part)
    outspoken = NotifyCustomerInformationRequest.model_validate(part | {"tbc": False})
    assert (silent.tbc, outspoken.tbc) == (False, False)
    assert json.loads(silent.to_wire()) == part
    assert json.loads(outspoken.to_wire()) == part | {"tbc": False}


class Measured(BaseModel):
    """A number alone."""

    value: Number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (22.0, "22"), (-0.0, "0"), (-5, "-5"), (0.1, "0.1"), (0.00001, "0.00001"), (1e16, "10000000000000000"),
        (2.0**62, "4611686018427387904"), (123456.654321, "123456.654321"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_a_person_would(value: float, written: str) -> None:
    assert Measured(value=value).model_dump_json() == f'{{"value":{written}}}'
