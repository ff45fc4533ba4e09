"""What a CSMS tells a station about a token: whether it may charge, for how long, and what to show its holder."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocppdiag_ocpp.customer import IdToken, Personal
from ocppdiag_ocpp.datatypes import DateTime, Extensible, Integer, NonEmpty, Text

Language = Annotated[str, Text(8)]
"""An RFC 5646 code."""

Priority = Annotated[Integer, Field(ge=-9, le=9)]
"""0 where none is given, higher is sooner; the range is in the description of the field, in no schema's limits."""


class AuthorizationStatus(StrEnum):
    """AuthorizationStatusEnumType."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class MessageFormat(StrEnum):
    """MessageFormatEnumType."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"


class MessageContent(Extensible):
    """MessageContentType: what a station is to show."""

    format: MessageFormat
    content: Annotated[str, Text(512), Personal]
    language: Language | None = None


class IdTokenInfo(Extensible):
    """IdTokenInfoType; `evse_id` only where the token holds for some EVSEs, `language2` only beside another first."""

    status: AuthorizationStatus
    cache_expiry_date_time: DateTime | None = None
    charging_priority: Priority | None = None
    language1: Language | None = None
    evse_id: NonEmpty[Integer] | None = None
    group_id_token: IdToken | None = None
    language2: Language | None = None
    personal_message: MessageContent | None = None
