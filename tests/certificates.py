"""Certificates for tests, made on the spot: of authorities, of servers and of stations, good ones and bad ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

Key = EllipticCurvePrivateKey | RSAPrivateKey

ORGANISATION = "Charging Ltd"
HOST = "localhost"
HOUR = timedelta(hours=1)


@cache
def rsa(bits: int = 2048) -> RSAPrivateKey:
    """One for all tests: to make it takes longer than most of them."""
    return rsa_key(65537, bits)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def save(self, folder: Path, password: bytes | None = None) -> Path:
        """Write it as a Kubernetes TLS secret is mounted."""
        locked: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
        folder.mkdir(parents=True, exist_ok=True)
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))
        (folder / "tls.crt").write_bytes(chain)
        (folder / "tls.key").write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        return folder


@dataclass(frozen=True)
class Authority(Pair):
    """Who vouches for others."""

    @classmethod
    def new(cls, name: str = "Root") -> Self:
        key = elliptic_key(SECP256R1())
        subject = subject_of([name], [])
        return cls(_sign(subject, key, subject, key, authority=True, begins=-HOUR, lasts=24 * HOUR), key)

    def below(self, name: str) -> "Authority":
        """An authority that this one vouches for."""
        key = elliptic_key(SECP256R1())
        signed = _sign(
            subject_of([name], []), key, self.certificate.subject, self.key, authority=True, begins=-HOUR, lasts=HOUR * 24
        )  # fmt: skip
        return Authority(signed, key, (signed,))

    def issue(
        self,
        *common_names: str,
        organisations: tuple[str, ...] = (ORGANISATION,),
        key: Key | None = None,
        begins: timedelta = -HOUR,
        lasts: timedelta = 24 * HOUR,
    ) -> Pair:
        """A certificate for these names, its dates as seen from now."""
        key = key or elliptic_key(SECP256R1())
        subject = subject_of(common_names, organisations)
        signed = _sign(
            subject, key, self.certificate.subject, self.key, authority=False, begins=begins, lasts=lasts
        )
        return Pair(signed, key, self.chain)

    def server(self, key: Key | None = None) -> Pair:
        return self.issue(HOST, key=key)

    def save_pem(self, file: Path) -> Path:
        file.write_text(self.pem)
        return file


def subject_of(
    common_names: tuple[str, ...] | list[str], organisations: tuple[str, ...] | list[str]
) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organisations]
        + [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names]
    )


def _sign(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    by: Key,
    *,
    authority: bool,
    begins: timedelta,
    lasts: timedelta,
) -> x509.Certificate:
    begin = datetime.now(UTC) + begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lasts)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    return builder.sign(by, SHA256())
