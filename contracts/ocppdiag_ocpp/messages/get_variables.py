"""GetVariables: read the station's settings, of which we need how much it takes in one message (OCPP 2.0.1 B06)."""

from enum import StrEnum
from typing import Annotated

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, NonEmpty, ObjectV20, StatusInfo, Text
from ocppdiag_ocpp.device_model import Component, ComponentV20, Variable, VariableV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class AttributeType(StrEnum):
    """AttributeEnumType."""

    ACTUAL = "Actual"
    TARGET = "Target"
    MIN_SET = "MinSet"
    MAX_SET = "MaxSet"


class GetVariableStatus(StrEnum):
    """GetVariableStatusEnumType."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"


class GetVariableData(Extensible):
    """GetVariableDataType."""

    component: Component
    variable: Variable
    attribute_type: AttributeType = AttributeType.ACTUAL


class GetVariablesRequest(Extensible):
    """CSMS to station."""

    get_variable_data: NonEmpty[GetVariableData]


class GetVariableResult(Extensible):
    """GetVariableResultType; the value is text, whatever the variable holds."""

    attribute_status: GetVariableStatus
    component: Component
    variable: Variable
    attribute_status_info: StatusInfo | None = None
    attribute_type: AttributeType = AttributeType.ACTUAL
    attribute_value: Annotated[str, Text(2500)] | None = None


class GetVariablesResponse(Extensible):
    """The station's answer, one result for each variable."""

    get_variable_result: NonEmpty[GetVariableResult]


class GetVariableDataV20(ObjectV20):
    """GetVariableDataType."""

    component: ComponentV20
    variable: VariableV20
    attribute_type: AttributeType = AttributeType.ACTUAL


class GetVariablesRequestV20(ObjectV20):
    """CSMS to station."""

    get_variable_data: NonEmpty[GetVariableDataV20]


class GetVariableResultV20(ObjectV20):
    """GetVariableResultType: the value is shorter than in 2.0.1."""

    attribute_status: GetVariableStatus
    component: ComponentV20
    variable: VariableV20
    attribute_type: AttributeType = AttributeType.ACTUAL
    attribute_value: Annotated[str, Text(1000)] | None = None


class GetVariablesResponseV20(ObjectV20):
    """The station's answer."""

    get_variable_result: NonEmpty[GetVariableResultV20]


FEATURE = Feature(
    "GetVariables",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(GetVariablesRequest, GetVariablesResponse),
        OcppVersion.V20: Shapes(GetVariablesRequestV20, GetVariablesResponseV20),
    },
)
