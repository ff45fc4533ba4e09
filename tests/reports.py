"""What stations send in parts, as tests need it: the calls, and what they say when they are put together."""

from typing import Any

from operations import REQUEST_ID, called

from ocppdiag_contracts import link

GENERATED_AT = "2026-01-31T12:00:00Z"


def monitored(*ids: int, severity: int = 4) -> list[dict[str, Any]]:
    """One variable with these monitors."""
    of = [
        {"id": number, "transaction": False, "value": 1.0, "type": "Delta", "severity": severity}
        for number in ids
    ]
    return [{"component": {"name": "EVSE"}, "variable": {"name": "Power"}, "variableMonitoring": of}]


def monitors_part(
    seq_no: int,
    *ids: int,
    tbc: bool = True,
    request_id: int | None = REQUEST_ID,
    severity: int = 4,
    **frame: Any,  # noqa: ANN401 (a frame's fields)
) -> link.Called:
    """A NotifyMonitoringReport; without ids it names no monitor."""
    content: dict[str, Any] = {"seqNo": seq_no, "tbc": tbc, "generatedAt": GENERATED_AT}
    if request_id is not None:
        content["requestId"] = request_id
    if ids:
        content["monitor"] = monitored(*ids, severity=severity)
    return called("NotifyMonitoringReport", content, **{"seq": seq_no + 1, **frame})


def customer_part(
    seq_no: int,
    data: str,
    *,
    tbc: bool = True,
    request_id: int = REQUEST_ID,
    **frame: Any,  # noqa: ANN401 (a frame's fields)
) -> link.Called:
    """A NotifyCustomerInformation."""
    content = {
        "seqNo": seq_no,
        "tbc": tbc,
        "generatedAt": GENERATED_AT,
        "requestId": request_id,
        "data": data,
    }
    return called("NotifyCustomerInformation", content, **{"seq": seq_no + 1, **frame})
