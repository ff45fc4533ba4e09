"""NotifyCustomerInformation: a slice of what a station knows of a customer (OCPP 2.0.1 N09, N10)."""

from typing import Annotated

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.customer import Personal
from ocppdiag_ocpp.datatypes import Boolean, DateTime, Extensible, Integer, ObjectV20, Text
from ocppdiag_ocpp.profile import Direction, Feature, Shapes

Slice = Annotated[str, Text(512), Personal]
"""Free text, which may be empty; the whole is the slices in order, with nothing between them."""


class NotifyCustomerInformationRequest(Extensible):
    """Station to CSMS; parts count from 0, and `tbc` (to be continued) is true in all but the last."""

    data: Slice
    seq_no: Integer
    generated_at: DateTime
    request_id: Integer
    tbc: Boolean = False


class NotifyCustomerInformationResponse(Extensible):
    """Always empty."""


class NotifyCustomerInformationRequestV20(ObjectV20):
    """Station to CSMS; 2.0 wants `tbc`, and lets the id be absent."""

    data: Slice
    tbc: Boolean
    seq_no: Integer
    generated_at: DateTime
    request_id: Integer | None = None


class NotifyCustomerInformationResponseV20(ObjectV20):
    """Always empty."""


FEATURE = Feature(
    "NotifyCustomerInformation",
    Direction.FROM_STATION,
    {
        OcppVersion.V201: Shapes(NotifyCustomerInformationRequest, NotifyCustomerInformationResponse),
        OcppVersion.V20: Shapes(NotifyCustomerInformationRequestV20, NotifyCustomerInformationResponseV20),
    },
)
