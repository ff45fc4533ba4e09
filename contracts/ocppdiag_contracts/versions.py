"""The protocol versions, each spelled as its websocket subprotocol."""

from enum import StrEnum


class OcppVersion(StrEnum):
    """A value is the name registered for `Sec-WebSocket-Protocol` (OCPP 2.0.1 part 4, 3.1.2)."""

    V201 = "ocpp2.0.1"
    V20 = "ocpp2.0"
