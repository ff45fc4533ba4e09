"""How a customer is named: by a token or by a certificate. Personal data, so the values stay out of every repr."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_ocpp.datatypes import Extensible, NonEmpty, ObjectV20, Text

Personal = Field(repr=False)


class IdTokenType(StrEnum):
    """IdTokenEnumType."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


class IdTokenTypeV20(StrEnum):
    """2.0 has no MacAddress."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    NO_AUTHORIZATION = "NoAuthorization"
    ISO15693 = "ISO15693"


class HashAlgorithm(StrEnum):
    """HashAlgorithmEnumType."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class AdditionalInfo(Extensible):
    """AdditionalInfoType: one more token of the same customer."""

    additional_id_token: Annotated[str, Text(36), Personal]
    type: Annotated[str, Text(50)]


class IdToken(Extensible):
    """IdTokenType; tokens are compared without regard to case."""

    id_token: Annotated[str, Text(36), Personal]
    type: IdTokenType
    additional_info: NonEmpty[AdditionalInfo] | None = None


class CertificateHashData(Extensible):
    """CertificateHashDataType, hashed with the algorithm that was used at installation (N09.FR.08)."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Text(128), Personal]
    issuer_key_hash: Annotated[str, Text(128), Personal]
    serial_number: Annotated[str, Text(40), Personal]


class AdditionalInfoV20(ObjectV20):
    """AdditionalInfoType."""

    additional_id_token: Annotated[str, Text(36), Personal]
    type: Annotated[str, Text(50)]


class IdTokenV20(ObjectV20):
    """IdTokenType."""

    id_token: Annotated[str, Text(36), Personal]
    type: IdTokenTypeV20
    additional_info: NonEmpty[AdditionalInfoV20] | None = None


class CertificateHashDataV20(ObjectV20):
    """CertificateHashDataType: the serial number is shorter than in 2.0.1."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Text(128), Personal]
    issuer_key_hash: Annotated[str, Text(128), Personal]
    serial_number: Annotated[str, Text(20), Personal]
