"""CustomerInformation: have the station tell what it knows of one customer, or forget it (OCPP 2.0.1 N09, N10)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.customer import CertificateHashData, CertificateHashDataV20, IdToken, IdTokenV20, Personal
from ocppdiag_ocpp.datatypes import Boolean, Extensible, Integer, ObjectV20, OcppModel, StatusInfo, Text
from ocppdiag_ocpp.profile import Direction, Feature, Shapes

CustomerIdentifier = Annotated[str, Text(64)]


class CustomerInformationStatus(StrEnum):
    """CustomerInformationStatusEnumType: Invalid for none or more than one identifier (N09.FR.09)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    INVALID = "Invalid"


class AboutCustomer(OcppModel):
    """What both versions ask: report, clear or both, for a customer named by exactly one of the last three."""

    request_id: Integer
    report: Boolean
    clear: Boolean
    customer_certificate: OcppModel | None = None
    id_token: OcppModel | None = None
    customer_identifier: Annotated[CustomerIdentifier | None, Personal] = None

    @model_validator(mode="after")
    def _asks_something_about_one_customer(self) -> Self:
        """Hold what the text says and no schema (N09.FR.04, .07; N10.FR.07, .08)."""
        if not (self.report or self.clear):
            raise ValueError("neither report nor clear")
        identifiers = (self.customer_certificate, self.id_token, self.customer_identifier)
        if sum(identifier is not None for identifier in identifiers) != 1:
            raise ValueError("a customer is named by exactly one identifier")
        return self


class CustomerInformationRequest(AboutCustomer, Extensible):
    """CSMS to station."""

    customer_certificate: CertificateHashData | None = None
    id_token: IdToken | None = None


class CustomerInformationResponse(Extensible):
    """The station's answer: Accepted is always followed by a NotifyCustomerInformation."""

    status: CustomerInformationStatus
    status_info: StatusInfo | None = None


class CustomerInformationRequestV20(AboutCustomer, ObjectV20):
    """CSMS to station."""

    customer_certificate: CertificateHashDataV20 | None = None
    id_token: IdTokenV20 | None = None


class CustomerInformationResponseV20(ObjectV20):
    """The station's answer."""

    status: CustomerInformationStatus


FEATURE = Feature(
    "CustomerInformation",
    Direction.TO_STATION,
    {
        OcppVersion.V201: Shapes(CustomerInformationRequest, CustomerInformationResponse),
        OcppVersion.V20: Shapes(CustomerInformationRequestV20, CustomerInformationResponseV20),
    },
)
