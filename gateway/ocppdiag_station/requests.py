"""What a station is asked, read exactly as its version has it, but for the rules that only the text has.

Those our own models hold, so that we never send what breaks them; a station has an answer for each (Invalid, Rejected).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic import ValidationError, model_validator

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Integer, NonEmpty, Number, OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.messages.customer_information import CustomerInformationRequest
from ocppdiag_ocpp.messages.send_local_list import SendLocalListRequest
from ocppdiag_ocpp.messages.set_monitoring_level import SetMonitoringLevelRequest
from ocppdiag_ocpp.messages.set_variable_monitoring import SetMonitoringData, SetVariableMonitoringRequest


class _Customer(CustomerInformationRequest):
    @model_validator(mode="after")
    def _asks_something_about_one_customer(self) -> Self:
        return self


class _Level(SetMonitoringLevelRequest):
    severity: Integer


class _Monitor(SetMonitoringData):
    value: Number
    severity: Integer

    @model_validator(mode="after")
    def _no_delta_is_negative(self) -> Self:
        return self


class _Monitors(SetVariableMonitoringRequest):
    # A list is invariant; what is read from it is what the parent promises.
    set_monitoring_data: NonEmpty[_Monitor]  # type: ignore[assignment]


class _LocalList(SendLocalListRequest):
    version_number: Integer


_AS_THE_SCHEMA_HAS_IT: Mapping[str, type[OcppModel]] = {
    "CustomerInformation": _Customer,
    "SetMonitoringLevel": _Level,
    "SetVariableMonitoring": _Monitors,
    "SendLocalList": _LocalList,
}
_RULES_OF_THE_TEXT = {"greater_than_equal", "less_than_equal", "value_error"}
_NO_DATE_TIME = "Value error, not"


def read(action: str, payload: bytes, version: OcppVersion) -> OcppModel:
    """Read a request into the words of 2.0.1.

    Raises:
        UnknownActionError: the version has no such request.
        ValidationError: the payload breaks the version's schema.

    """
    exact = PROFILE.shapes(action, version).request
    model = _AS_THE_SCHEMA_HAS_IT.get(action, PROFILE.shapes(action, OcppVersion.V201).request)
    if version is OcppVersion.V201:
        return model.model_validate_json(payload, by_name=False, by_alias=True)
    try:
        exact.model_validate_json(payload, by_name=False, by_alias=True)
    except ValidationError as error:
        if not all(map(_is_of_the_text, error.errors())):
            raise
    content = json.loads(payload)
    return model.model_validate_json(json.dumps(_NEWER.get(action, dict)(content)))


def _is_of_the_text(error: Any) -> bool:  # noqa: ANN401 (pydantic's own)
    return error["type"] in _RULES_OF_THE_TEXT and not error["msg"].startswith(_NO_DATE_TIME)


def _base(content: dict[str, Any]) -> dict[str, Any]:
    """The third base has another name."""
    return {"monitoringBase": "HardWiredOnly"} if content["monitoringBase"] == "None" else content


def _report(content: dict[str, Any]) -> dict[str, Any]:
    """2.0 lets the id be absent; the report then has the id 0, which is as good as none."""
    return {"requestId": 0, **content}


_NEWER: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "GetMonitoringReport": _report,
    "SetMonitoringBase": _base,
}
