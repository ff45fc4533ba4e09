"""The same message in the words of each protocol version: read with the newest shape, written in the station's own."""

from typing import Any, TypeVar

from ocppdiag_contracts import link
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.receive import Received, receive

M = TypeVar("M", bound=OcppModel)

_UNKNOWN_MEMBER = ": extra_forbidden"


def read(called: link.Called, model: type[M]) -> Received[M]:
    """Read a CALL with 2.0.1's shape, which takes all that 2.0 sends and is more forgiving (no requestId, say).

    Members that the shape does not know are no violation from a 2.0 station: its schemas allow them.

    Raises:
        UnknownActionError: the station's version has no such message.
        UnreadableError: the payload cannot be mended.

    """
    version = OcppVersion(called.version)
    PROFILE.shapes(called.action, version)
    received = receive(model, bytes(called.payload))
    if version is OcppVersion.V20 and received.violations:
        counted = tuple(text for text in received.violations if not text.endswith(_UNKNOWN_MEMBER))
        return Received(received.message, counted)
    return received


def answer(called: link.Called, fields: dict[str, Any]) -> OcppModel:
    """Write the answer to a CALL. Raises UnknownActionError."""
    return PROFILE.shapes(called.action, OcppVersion(called.version)).response.model_validate(fields)


def request(action: str, version: str, fields: dict[str, Any]) -> OcppModel:
    """Write a CALL of ours. Raises UnknownActionError when the version has no such request."""
    return PROFILE.shapes(action, OcppVersion(version)).request.model_validate(fields)
