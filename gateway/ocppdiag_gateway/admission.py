"""Who may come in: the path, the subprotocol and the credentials of an upgrade request, judged. Pure."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.versions import OcppVersion


class RefusedError(Exception):
    """The upgrade is refused with this status; the text is all that the station gets to see."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """What an Authorization header says; bytes, because stations send raw keys (OCPP-J 1.6, 6.2)."""

    username: bytes
    password: bytes


def station_of(path: str) -> str:
    """Read the identity from the last segment of the path, percent-decoded once (OCPP 2.0.1 part 4, 3.1.1).

    Raises:
        RefusedError: 400, it cannot be an identity.

    """
    segment = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    try:
        return station_id(unquote_to_bytes(segment).decode())
    except ValueError:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The path does not end in a station identity.") from None


def version_of(offers: Sequence[str]) -> OcppVersion:
    """Choose the first subprotocol of the station's list that we speak.

    Part 4 would complete the handshake and close; the certification test TC_B_58 wants no upgrade.

    Raises:
        RefusedError: 400, there is none.

    """
    offered = [offer.strip() for header in offers for offer in header.split(",")]
    spoken = {version.value: version for version in OcppVersion}
    for name in offered:
        if name in spoken:
            return spoken[name]
    raise RefusedError(
        HTTPStatus.BAD_REQUEST, f"No common subprotocol; this gateway speaks {', '.join(spoken)}."
    )


def credentials_of(header: str | None, station: str) -> BasicCredentials:
    """Read HTTP Basic credentials whose user is the station itself (A00.FR.204, .207).

    Raises:
        RefusedError: 401, there are none, or they are for another station.

    """
    scheme, _, encoded = (header or "").strip().partition(" ")
    try:
        username, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (Base64Error, ValueError):
        raise unauthorized() from None
    if scheme.lower() != "basic" or not colon or username != station.encode():
        raise unauthorized()
    return BasicCredentials(username, password)


def unauthorized() -> RefusedError:
    """The one answer to an unknown station, a wrong user and a wrong password: it tells nobody which."""
    return RefusedError(HTTPStatus.UNAUTHORIZED, "Unknown station or wrong password.")
