"""OCPP 2.0: its field tables written down, and every model held against them, both ways."""

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_schemas import (
    Schema,
    as_a_csms_may_send_it,
    as_we_write_it,
    instances,
    judge,
    mutants,
    outline,
    sites,
)
from pydantic import ValidationError

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_gateway.admission import RefusedError, version_of
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.receive import UnreadableError, receive

# name type; a star after the name: required; "of": a list; a number: the most characters or items.
TABLES = """
BootNotificationRequest: chargingStation* ChargingStationType, reason* BootReasonEnumType
BootNotificationResponse: currentTime* date-time, interval* integer, status* RegistrationStatus
ChargingStationType: model* string 20, vendorName* string 50, serialNumber string 20, modem ModemType,
    firmwareVersion string 50
ModemType: iccid string 20, imsi string 20
HeartbeatRequest:
HeartbeatResponse: currentTime* date-time
StatusNotificationRequest: timestamp* date-time, connectorStatus* ConnectorStatus, evseId* integer,
    connectorId* integer
StatusNotificationResponse:
GetLogRequest: log* LogParametersType, logType* LogEnumType, requestId* integer, retries integer,
    retryInterval integer
GetLogResponse: status* LogStatus, filename string 255
LogParametersType: remoteLocation* string 512, oldestTimestamp date-time, latestTimestamp date-time
LogStatusNotificationRequest: status* UploadLogStatus, requestId* integer
LogStatusNotificationResponse:
GetMonitoringReportRequest: componentVariable of ComponentVariableType, requestId integer,
    monitoringCriteria of MonitoringCriterionEnumType 3
GetMonitoringReportResponse: status* DeviceModelStatus
ComponentVariableType: component* ComponentType, variable* VariableType
ComponentType: name* string 50, evse EVSEType, instance string 50
EVSEType: id* integer, connectorId integer
VariableType: name* string 50, instance string 50
NotifyMonitoringReportRequest: monitor* of MonitoringDataType, tbc* boolean, seqNo* integer,
    generatedAt* date-time, requestId integer
NotifyMonitoringReportResponse:
MonitoringDataType: component* ComponentType, variable* VariableType,
    variableMonitoring* of VariableMonitoringType
VariableMonitoringType: id* integer, value* number, type* MonitorEnumType, severity* integer, transaction* boolean
SetMonitoringBaseRequest: monitoringBase* MonitoringBase
SetMonitoringBaseResponse: status* DeviceModelStatus
SetMonitoringLevelRequest: severity* integer
SetMonitoringLevelResponse: status* GenericStatus
SetVariableMonitoringRequest: setMonitoringData* of SetMonitoringDataType
SetVariableMonitoringResponse: setMonitoringResult* of SetMonitoringResultType
SetMonitoringDataType: value* number, type* MonitorEnumType, severity* integer, component* ComponentType,
    variable* VariableType, id integer, transaction boolean
SetMonitoringResultType: type* MonitorEnumType, severity* integer, status* SetMonitoringStatusEnumType,
    component* ComponentType, variable* VariableType, id integer
ClearVariableMonitoringRequest: id* of integer
ClearVariableMonitoringResponse: clearMonitoringResult* of ClearMonitoringResultType
ClearMonitoringResultType: id* integer, status* ClearMonitoringStatusEnumType
NotifyEventRequest: generatedAt* date-time, tbc* boolean, seqNo* integer, eventData* of EventDataType
NotifyEventResponse:
EventDataType: eventId* integer, timestamp* date-time, trigger* EventTriggerEnumType, actualValue* string 1000,
    cleared* boolean, component* ComponentType, variable* VariableType, cause integer, techCode string 50,
    techInfo string 500, variableMonitoringEvent VariableMonitoringType
CustomerInformationRequest: requestId* integer, report* boolean, clear* boolean,
    customerCertificate CertificateHashDataType, idToken IdTokenType, customerIdentifier string 64
CustomerInformationResponse: status* CustomerInformationStatus
CertificateHashDataType: hashAlgorithm* HashAlgorithmEnumType, issuerNameHash* string 128,
    issuerKeyHash* string 128, serialNumber* string 20
IdTokenType: idToken* string 36, type* IdTokenEnumType, additionalInfo of AdditionalInfoType
AdditionalInfoType: additionalIdToken* string 36, type* string 50
NotifyCustomerInformationRequest: data* string 512, tbc* boolean, seqNo* integer, generatedAt* date-time,
    requestId integer
NotifyCustomerInformationResponse:
SecurityEventNotificationRequest: type* SecurityEvent, timestamp* date-time
SecurityEventNotificationResponse:
TriggerMessageRequest: requestedMessage* MessageTriggerEnumType, evse EVSEType
TriggerMessageResponse: status* TriggerMessageStatus
GetVariablesRequest: getVariableData* of GetVariableDataType
GetVariablesResponse: getVariableResult* of GetVariableResultType
GetVariableDataType: component* ComponentType, variable* VariableType, attributeType AttributeEnumType
GetVariableResultType: attributeStatus* GetVariableStatusEnumType, component* ComponentType,
    variable* VariableType, attributeType AttributeEnumType, attributeValue string 1000
"""

ENUMS = """
RegistrationStatus: Accepted Pending Rejected
BootReasonEnumType: ApplicationReset FirmwareUpdate LocalReset PowerUp RemoteReset ScheduledReset Triggered Unknown
    Watchdog
ConnectorStatus: Available Occupied Reserved Unavailable Faulted
LogEnumType: DiagnosticsLog SecurityLog
LogStatus: Accepted Rejected AcceptedCanceled
UploadLogStatus: BadMessage Idle NotSupportedOperation PermissionDenied Uploaded UploadFailure Uploading
MonitoringCriterionEnumType: ThresholdMonitoring DeltaMonitoring PeriodicMonitoring
DeviceModelStatus: Accepted Rejected NotSupported
MonitorEnumType: UpperThreshold LowerThreshold Delta Periodic PeriodicClockAligned
MonitoringBase: All FactoryDefault None
GenericStatus: Accepted Rejected
SetMonitoringStatusEnumType: Accepted UnknownComponent UnknownVariable UnsupportedMonitorType Rejected OutOfRange
    Duplicate
ClearMonitoringStatusEnumType: Accepted Rejected NotFound
EventTriggerEnumType: Alerting Delta Periodic
CustomerInformationStatus: Accepted Rejected Invalid
HashAlgorithmEnumType: SHA256 SHA384 SHA512
IdTokenEnumType: Central eMAID ISO14443 KeyCode Local NoAuthorization ISO15693
SecurityEvent: FirmwareUpdated FailedToAuthenticateAtCsms CsmsFailedToAuthenticate SettingSystemTime
    StartupOfTheDevice ResetOrReboot SecurityLogWasCleared ReconfigurationOfSecurityParameters MemoryExhaustion
    InvalidMessages AttemptedReplayAttacks TamperDetectionActivated InvalidFirmwareSignature
    InvalidFirmwareSigningCertificate InvalidCsmsCertificate InvalidChargingStationCertificate InvalidTLSVersion
    InvalidTLSCipherSuite
MessageTriggerEnumType: BootNotification LogStatusNotification FirmwareStatusNotification Heartbeat MeterValues
    SignChargingStationCertificate SignV2GCertificate StatusNotification TransactionEvent
TriggerMessageStatus: Accepted Rejected NotImplemented
AttributeEnumType: Actual Target MinSet MaxSet
GetVariableStatusEnumType: Accepted Rejected UnknownComponent UnknownVariable NotSupportedAttributeType
"""

PLAIN = ("string", "integer", "number", "boolean")
DEFAULTS = {"AttributeEnumType": "Actual"}


def _lines(table: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in table.replace("\n    ", " ").split("\n") if line)


def _field(words: list[str]) -> Schema:
    match words:
        case ["of", kind]:
            return {"type": "array", "items": _field([kind]), "minItems": 1}
        case ["of", kind, most]:
            return {**_field(["of", kind]), "maxItems": int(most)}
        case ["string", longest]:
            return {"type": "string", "maxLength": int(longest)}
        case ["date-time"]:
            return {"type": "string", "format": "date-time"}
        case [kind]:
            return {"type": kind} if kind in PLAIN else {"$ref": f"#/definitions/{kind}"}
        case _:
            raise AssertionError(words)


def _object(line: str) -> Schema:
    fields = {name: kind for name, *kind in (field.split() for field in line.split(",") if field.strip())}
    return {
        "type": "object",
        "properties": {name.rstrip("*"): _field(kind) for name, kind in fields.items()},
        "required": [name.rstrip("*") for name in fields if name.endswith("*")],
    }


OBJECTS = {name: _object(line) for name, line in _lines(TABLES).items()}
DEFINITIONS = OBJECTS | {
    name: {"type": "string", "enum": line.split()} | ({"default": DEFAULTS[name]} if name in DEFAULTS else {})
    for name, line in _lines(ENUMS).items()
}


@cache
def _schema(message: str, *, closed: bool = False) -> Schema:
    """Return what the tables say: open, as 2.0 is for what stations send, or closed, as we are in what we send."""
    definitions: Schema = deepcopy(DEFINITIONS)
    for name in OBJECTS if closed else ():
        definitions[name]["additionalProperties"] = False
    return {**definitions[message], "definitions": definitions}


MODELS: dict[str, type[OcppModel]] = {
    f"{feature.action}{half}": model
    for feature in PROFILE
    if (shapes := feature.versions.get(OcppVersion.V20))
    for half, model in (("Request", shapes.request), ("Response", shapes.response))
}
a_few = settings(max_examples=15)
each_message = pytest.mark.parametrize("message", sorted(MODELS))


def _faithful(message: str) -> st.SearchStrategy[Any]:
    return instances(_schema(message), _schema(message)).map(as_a_csms_may_send_it)


def test_there_is_a_table_for_every_message_and_no_other() -> None:
    assert {name for name in OBJECTS if not name.endswith("Type")} == set(MODELS)
    assert len(MODELS) == 2 * 17


@each_message
def test_the_fields_and_limits_are_those_of_the_table(message: str) -> None:
    ours = MODELS[message].model_json_schema(by_alias=True)
    table = _schema(message, closed=True)
    assert outline(ours, ours) == outline(table, table)


@each_message
@a_few
@given(data=st.data())
def test_whatever_the_table_allows_is_read_without_a_violation_and_written_without_loss(
    message: str, data: st.DataObject
) -> None:
    content = data.draw(_faithful(message))
    received = receive(MODELS[message], json.dumps(content).encode())
    assert received.violations == ()
    written = json.loads(received.message.to_wire())
    assert written == as_we_write_it(content, _schema(message), _schema(message))
    judge(_schema(message, closed=True)).validate(written)


@each_message
@a_few
@given(data=st.data())
def test_whatever_the_table_forbids_is_refused_or_mended_and_counted(
    message: str, data: st.DataObject
) -> None:
    content = data.draw(_faithful(message).filter(bool) if _schema(message)["properties"] else st.just({}))
    if not content:
        return
    mutant = data.draw(mutants(content, _schema(message), _schema(message)))
    assert not judge(_schema(message)).is_valid(mutant)
    try:
        received = receive(MODELS[message], json.dumps(mutant).encode())
    except UnreadableError:
        return
    assert received.violations
    judge(_schema(message)).validate(json.loads(received.message.to_wire()))


@each_message
@a_few
@given(data=st.data())
def test_members_of_its_own_are_dropped_from_what_a_station_sends_and_cannot_be_in_what_we_send(
    message: str, data: st.DataObject
) -> None:
    content = data.draw(_faithful(message))
    model = MODELS[message]
    alone = receive(model, json.dumps(content).encode())
    objects = [
        place for _, place, _ in sites(content, _schema(message), _schema(message)) if isinstance(place, dict)
    ]
    theirs: Schema = {
        "customData": {"vendorId": "v"},
        "statusInfo": {"reasonCode": "r"},
        "x": None,
        "request_id": [],
    }
    name = data.draw(st.sampled_from(sorted(theirs)))
    data.draw(st.sampled_from(objects))[name] = theirs[name]
    assert receive(model, json.dumps(content).encode()) == alone
    with pytest.raises(ValidationError):
        model.model_validate(content, by_name=False)


def test_the_station_has_the_choice_between_the_versions() -> None:
    assert version_of(["ocpp2.0, ocpp2.0.1"]) is OcppVersion.V20
    assert version_of(["ocpp2.0.1", "ocpp2.0"]) is OcppVersion.V201
    assert version_of(["ocpp1.6,ocpp2.0"]) is OcppVersion.V20
    with pytest.raises(RefusedError):
        version_of(["ocpp1.6"])
