"""Have a station tell or forget what it knows of a customer (OCPP use cases N09 and N10)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ocppdiag_contracts.commands.command import StationCommand
from ocppdiag_contracts.model import MAX_INTEGER, Message


class IdTokenType(StrEnum):
    """What kind of token (OCPP 2.0.1 IdTokenEnumType; 2.0 has no MacAddress)."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


class HashAlgorithm(StrEnum):
    """How a certificate's fields were hashed (OCPP 2.0.1 HashAlgorithmEnumType)."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class IdToken(Message):
    """A customer's token; compared without regard to case."""

    id_token: Annotated[str, Field(min_length=1, max_length=36, repr=False)]
    type: IdTokenType


class CertificateHashData(Message):
    """A customer's certificate, hashed as it was when the station was given it."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Field(min_length=1, max_length=128, repr=False)]
    issuer_key_hash: Annotated[str, Field(min_length=1, max_length=128, repr=False)]
    serial_number: Annotated[str, Field(min_length=1, max_length=40, repr=False)] = Field(
        description="Hexadecimal, without 0x and leading zeros; at most 20 characters for a station of OCPP 2.0."
    )


class CustomerInformation(StationCommand):
    """Have the station report, clear, or report and clear a customer, who is named by exactly one identifier.

    What the station reports goes to `reply_to` and nowhere else.
    """

    command: Literal["customer_information"] = "customer_information"
    report: bool = Field(default=False, description="Tell what is known.")
    clear: bool = Field(default=False, description="Forget it.")
    id_token: IdToken | None = None
    customer_certificate: CertificateHashData | None = None
    customer_identifier: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, repr=False, description="A name that operator and station have agreed on."
    )
    local_list_version: Annotated[int, Field(strict=True, ge=0, lt=MAX_INTEGER)] | None = Field(
        default=None,
        description="The version of the station's local authorization list: given, the cleared id_token is also taken "
        "off that list (N10.FR.02), which then has the next version.",
    )

    @model_validator(mode="after")
    def _asks_something_about_one_customer(self) -> "CustomerInformation":
        if not (self.report or self.clear):
            raise ValueError("report, clear: at least one must be true")
        identifiers = (self.id_token, self.customer_certificate, self.customer_identifier)
        if sum(identifier is not None for identifier in identifiers) != 1:
            raise ValueError("id_token, customer_certificate, customer_identifier: exactly one must be given")
        if self.local_list_version is not None and not (self.clear and self.id_token):
            raise ValueError("local_list_version: only goes with clear and id_token")
        return self
