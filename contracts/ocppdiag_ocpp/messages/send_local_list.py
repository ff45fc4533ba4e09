"""SendLocalList: change the list of tokens that the station knows by itself (OCPP 2.0.1 D01; N10.FR.02)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.customer import IdToken
from ocppdiag_ocpp.datatypes import Extensible, Integer, NonEmpty, StatusInfo
from ocppdiag_ocpp.profile import Direction, Feature, Shapes
from ocppdiag_ocpp.token_info import IdTokenInfo

ListVersion = Annotated[Integer, Field(ge=1)]
"""Above 0: a rule of the text for what a CSMS sends (D01.FR.18), in no schema."""


class UpdateType(StrEnum):
    """UpdateEnumType: change some entries of the list, or replace all of it."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class SendLocalListStatus(StrEnum):
    """SendLocalListStatusEnumType: after VersionMismatch the CSMS sends the full list (D01.FR.03, .19)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"


class AuthorizationData(Extensible):
    """AuthorizationData: a token; in a differential update one without its info is removed (D01.FR.17)."""

    id_token: IdToken
    id_token_info: IdTokenInfo | None = None


class SendLocalListRequest(Extensible):
    """CSMS to station: `version_number` is the version that the list has afterwards."""

    version_number: ListVersion
    update_type: UpdateType
    local_authorization_list: NonEmpty[AuthorizationData] | None = None


class SendLocalListResponse(Extensible):
    """The station's answer."""

    status: SendLocalListStatus
    status_info: StatusInfo | None = None


FEATURE = Feature(
    "SendLocalList",
    Direction.TO_STATION,
    {OcppVersion.V201: Shapes(SendLocalListRequest, SendLocalListResponse)},
)
