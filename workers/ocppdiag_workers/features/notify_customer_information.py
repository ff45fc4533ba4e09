"""NotifyCustomerInformation: one part of what a station knows of a customer, thanked for whoever asked (OCPP N09)."""

from types import MappingProxyType

import msgspec
from msgspec import Raw

from ocppdiag_contracts import link
from ocppdiag_contracts.events import CustomerInformationPartReceived
from ocppdiag_ocpp.messages.notify_customer_information import (
    NotifyCustomerInformationRequest,
    NotifyCustomerInformationRequestV20,
)
from ocppdiag_workers import dialect, report
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.features.customer_information import FAMILY


def heard(called: link.Called, _: House, __: float) -> Heard:
    """News for the operation of its request; when there is none, that something came and not what."""
    received = dialect.read_part(
        called, NotifyCustomerInformationRequest, NotifyCustomerInformationRequestV20
    )
    message = received.message
    event = CustomerInformationPartReceived(
        **dialect.told(called, received),
        command_id=None,
        request_id=message.request_id,
        seq_no=message.seq_no,
        tbc=message.tbc,
        generated_at=message.generated_at,
        data=message.data,
    )
    return report.heard(called, event, Raw(msgspec.json.encode(message.data)), FAMILY)


FEATURE = Feature(hears=MappingProxyType({"NotifyCustomerInformation": heard}))
