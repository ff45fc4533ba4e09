"""A station's certificate: read from DER, or from a header in which a proxy hands it on, and judged. Pure."""

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

_PAIR = r'([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)'
"""A key and its value in Envoy's X-Forwarded-Client-Cert."""

_ENVOY = re.compile(rf"{_PAIR}(?:;{_PAIR})*")
_PEM = re.compile("-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class StationCertificate:
    """What of a certificate counts in profile 3; who vouches for it was judged in the TLS handshake."""

    organisations: tuple[str, ...]
    common_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    def fault(self, organisation: str, serial: str, now: datetime) -> str | None:
        """Say why this is not the certificate of this operator's station, if it is not (OCPP 2.0.1 part 2, A00.FR.403 to .405).

        The dates are looked at here too: a proxy may be lax about them.
        """
        if now < self.not_before:
            return "certificate not yet valid"
        if now > self.not_after:
            return "certificate expired"
        if organisation not in self.organisations:
            return "certificate of another organisation"
        if self.common_names != (serial,):
            return "certificate of another station"
        return None


def read(der: bytes) -> StationCertificate | None:
    """Read a certificate; None if it is not one."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject
        return StationCertificate(
            _texts(subject, NameOID.ORGANIZATION_NAME),
            _texts(subject, NameOID.COMMON_NAME),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )
    except (ValueError, TypeError, x509.InvalidVersion):  # TypeError: a name that is written in bits
        return None


def read_header(value: str) -> StationCertificate | None:
    """Read a certificate from the value of a header; None if there is not exactly one in it.

    In any of the forms in which proxies write it: `:base64 of DER:` (RFC 9440), base64 of DER alone (HAProxy's
    ssl_c_der), PEM, plain or percent-encoded (nginx's ssl_client_escaped_cert), and `Cert="..."` among Envoy's pairs.
    """
    value = value.strip()
    if _ENVOY.fullmatch(value):
        found = [text for key, text in re.findall(_PAIR, value) if key == "Cert"]
        value = found[0].strip('"') if len(found) == 1 else ""
    text = unquote(value)
    pem = _PEM.fullmatch(text.strip())
    if pem:
        text = "".join(pem[1].split())
    elif len(text) > 1 and text[0] == text[-1] == ":":
        text = text[1:-1]
    try:
        return read(b64decode(text, validate=True))
    except ValueError:
        return None


def _texts(subject: x509.Name, attribute: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(found.value) for found in subject.get_attributes_for_oid(attribute))
