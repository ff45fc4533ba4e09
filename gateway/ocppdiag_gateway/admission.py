"""Who may come in: the path, the subprotocol, the credentials and the security profile of an upgrade, judged. Pure."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from ocppdiag_contracts.identity import station_id
from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_gateway.caller import Caller


class RefusedError(Exception):
    """The upgrade is refused with this status; the text is all that the station gets to see, `why` is for the log."""

    def __init__(
        self, status: HTTPStatus, text: str, *, why: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.why = why or text
        self.retry_after = retry_after
        """Seconds."""


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


def password_of(headers: Sequence[str], station: str) -> bytes | None:
    """Read the password of HTTP Basic credentials whose user is the station itself (A00.FR.204, .207).

    Bytes, because stations send raw keys (OCPP-J 1.6, 6.2); None when there is no such header.

    Raises:
        RefusedError: 401, it cannot be read, is there twice, or is for another station.

    """
    if not headers:
        return None
    scheme, _, encoded = headers[0].strip().partition(" ")
    try:
        username, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (Base64Error, ValueError):
        raise unauthorized("an unreadable Authorization header") from None
    if len(headers) > 1 or scheme.lower() != "basic" or not colon:
        raise unauthorized("an unreadable Authorization header")
    if username != station.encode():
        raise unauthorized("the user is not the station")
    return password


def misfit(
    profile: SecurityProfile, serial: str, caller: Caller, organisation: str | None, now: datetime
) -> tuple[Suspicion, str] | None:
    """Say what a station of this profile does not come like (A00.FR.002, .403 to .405); None: it comes as it should."""
    came = "with TLS" if caller.tls else "without TLS"
    wrong = Suspicion.WRONG_PROFILE, f"a station on profile {profile.value} came {came}"
    match profile:
        case SecurityProfile.NONE:
            return wrong
        case SecurityProfile.BASIC:
            return wrong if caller.tls else None
        case SecurityProfile.TLS_BASIC:
            return None if caller.tls else wrong
        case SecurityProfile.TLS_CERTIFICATE:
            if not caller.tls or caller.certificate is None or organisation is None:
                return wrong[0], f"{wrong[1]}, without a certificate"
            fault = caller.certificate.fault(organisation, serial, now)
            return (Suspicion.INVALID_CERTIFICATE, fault) if fault else None


def unauthorized(why: str) -> RefusedError:
    """The one answer to an unknown station, a wrong profile, password or certificate: it tells nobody which."""
    return RefusedError(HTTPStatus.UNAUTHORIZED, "Unknown station or wrong credentials.", why=why)
