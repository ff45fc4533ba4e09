"""SetMonitoringBase: have the station go back to a set of monitors that it was delivered with (OCPP 2.0.1 N03)."""

from enum import StrEnum

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import Extensible, ObjectV20, StatusInfo
from ocppdiag_ocpp.device_model import GenericDeviceModelStatus, GenericDeviceModelStatusV20
from ocppdiag_ocpp.profile import Direction, Feature, Shapes


class MonitoringBase(StrEnum):
    """MonitoringBaseEnumType: all but the first delete the monitors that were set since."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class MonitoringBaseV20(StrEnum):
    """The third was called None in 2.0."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    NONE = "None"


class SetMonitoringBaseRequest(Extensible):
    """CSMS to station."""

    monitoring_base: MonitoringBase


class SetMonitoringBaseResponse(Extensible):
    """The station's answer."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


class SetMonitoringBaseRequestV20(ObjectV20):
    """CSMS to station."""

    monitoring_base: MonitoringBaseV20


class SetMonitoringBaseResponseV20(ObjectV20):
    """The station's answer."""

    status: GenericDeviceModelStatusV20


FEATURE = Feature(
    "SetMonitoringBase",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(SetMonitoringBaseRequest, SetMonitoringBaseResponse),
        OcppVersion.V20: Shapes(SetMonitoringBaseRequestV20, SetMonitoringBaseResponseV20),
    },
)
