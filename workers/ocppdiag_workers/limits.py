"""How much fits into one request, by the station's own word: its ItemsPerMessage and BytesPerMessage. Pure.

OCPP 2.0.1 N04.FR.09, N06.FR.04, N02.FR.07. A station need not tell (of ClearVariableMonitoring it need not have the
variable): then a small number of items is safe.
"""

from collections.abc import Sequence

from msgspec import Struct

from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect, news
from ocppdiag_workers.feature import Ask
from ocppdiag_workers.operation import Operation

SAFE_ITEMS = 10
"""For a station that does not tell its limit."""

FRAME_BYTES = 100
"""What an OCPP-J frame has around its payload, an id of 36 characters included."""

ACTION = "GetVariables"


class Limits(Struct, frozen=True):
    """For one request; None is not told."""

    items: int | None = None
    bytes: int | None = None


def ask(operation: Operation, component: str, instance: str) -> Ask:
    """The CALL that asks for both limits of one kind of request."""
    wanted = [
        {"component": {"name": component}, "variable": {"name": name, "instance": instance}}
        for name in ("ItemsPerMessage", "BytesPerMessage")
    ]
    return Ask(ACTION, dialect.request(ACTION, operation.version, {"get_variable_data": wanted}))


def read(operation: Operation, item: news.Answered | news.Errored | news.TimedOut) -> Limits:
    """Read what the station tells; whatever else it says, and silence, is no limit told."""
    if not isinstance(item, news.Answered):
        return Limits()
    try:
        response = dialect.read_response(operation, ACTION, item.payload)
    except UnreadableError:
        return Limits()
    told = {
        result.variable.name.lower(): _positive(result.attribute_value)
        for result in getattr(response, "get_variable_result", ())
        if result.attribute_status == "Accepted"
    }
    return Limits(told.get("itemspermessage"), told.get("bytespermessage"))


def _positive(text: str | None) -> int | None:
    """A number of at least 1, or None."""
    try:
        number = int(float(text or ""))
    except (ValueError, OverflowError):
        return None
    return number if number > 0 else None


def fitting(sizes: Sequence[int], limits: Limits) -> int:
    """Return how many of the items, whose sizes in bytes these are, fit into one request: at least one."""
    count, total = 0, FRAME_BYTES
    for size in sizes[: limits.items or SAFE_ITEMS]:
        total += size
        if count and limits.bytes is not None and total > limits.bytes:
            break
        count += 1
    return count
