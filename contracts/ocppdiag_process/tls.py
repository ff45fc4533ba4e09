"""TLS for who listens to stations: OCPP's versions and suites, RSA and ECDSA side by side, renewed while it runs."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import structlog
from cryptography.x509 import load_pem_x509_certificates

from ocppdiag_process.metrics import CERTIFICATE_ENDS

log = structlog.get_logger()

CERTIFICATE, KEY = "tls.crt", "tls.key"
"""What a folder with a certificate has: the chain, its leaf first, and the key of the leaf, both PEM."""

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",  # OCPP demands these two as well; without forward secrecy, so they come last
    "AES256-GCM-SHA384",
)
"""Of TLS 1.2, in our order; those of 1.3 are the library's."""

_LEVEL = "@SECLEVEL=2"
"""RSA keys of 2048 bits and elliptic ones of 224 at least, in the certificates of both sides, as OCPP demands."""

RENEW_SECONDS = 10.0


class TlsError(OSError):
    """No TLS can be made of these files; the text says which one is wrong."""


class ServerTls:
    """TLS 1.2 and 1.3 with one certificate of each kind, and with a client's when there is somebody to vouch for it.

    Each of `certificates` is a folder with a `tls.crt` and a `tls.key`, as a Kubernetes TLS secret is mounted. With
    `client_ca` (a PEM file) clients are asked for a certificate; one without may come in, one with a wrong one may not.

    Raises:
        TlsError: a file is missing or wrong.

    """

    def __init__(self, certificates: Sequence[Path], client_ca: Path | None = None) -> None:
        self._certificates = certificates
        self._client_ca = client_ca
        self._seen = self._fingerprint()
        self._newest = _Newest(ssl.PROTOCOL_TLS_SERVER)
        self._newest.loaded = self._load()
        CERTIFICATE_ENDS.set_function(lambda: {(): min(ends)} if (ends := self._newest.loaded.ends) else {})

    @property
    def context(self) -> ssl.SSLContext:
        """For a server to listen with; always the same one, and each handshake takes what was loaded last."""
        return self._newest

    async def renew_for_ever(self) -> None:
        """Load the files again when they have changed, and tell why clients were refused, for so long as this runs."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            self._tell()
            await asyncio.to_thread(self.renew)

    def renew(self) -> None:
        """Load the files again if they have changed; keep what we have if they are wrong (half written, say)."""
        seen = self._fingerprint()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            loaded = self._load()
        except TlsError as error:
            log.error("tls_not_renewed", error=str(error))  # noqa: TRY400 (the sentence says it all)
            return
        self._newest.loaded = loaded
        log.info("tls_renewed")

    def _tell(self) -> None:
        """Say how many clients were refused, in one line: a flood of them is not to become a flood of lines."""
        refused = self._newest.loaded.refused
        if refused:
            log.info("tls_refused", reasons=dict(refused))
            refused.clear()

    def _fingerprint(self) -> bytes:
        """What is in the files. Their times are not asked: a copy may have kept them."""
        whole = sha256()
        for file in self._files():
            try:
                whole.update(sha256(file.read_bytes()).digest())
            except OSError:
                whole.update(b"unreadable")
        return whole.digest()

    def _files(self) -> Iterator[Path]:
        yield from self._chains()
        for folder in self._certificates:
            yield folder / KEY

    def _chains(self) -> Iterator[Path]:
        for folder in self._certificates:
            yield folder / CERTIFICATE
        if self._client_ca:
            yield self._client_ca

    def _load(self) -> "_Loaded":
        context = _Loaded(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(":".join((*SUITES, _LEVEL)))
        # A ticket's key would live as long as this process, and a stolen one would open all that was ever recorded.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0
        for folder in self._certificates:
            try:
                context.load_cert_chain(folder / CERTIFICATE, folder / KEY, password=_no_password)
            except OSError as error:
                raise TlsError(f"no certificate with its key in {folder}: {_reason(error)}") from None
        if self._client_ca:
            context.verify_mode = ssl.CERT_OPTIONAL
            # An operator's own CA may be below another, which vouches for others too.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            try:
                context.load_verify_locations(self._client_ca)
            except OSError as error:
                raise TlsError(f"no certificates of a CA in {self._client_ca}: {_reason(error)}") from None
        for file in self._chains():
            context.ends += _ends(file)
        return context


class _Watched(ssl.SSLObject):
    """One connection's TLS, which counts why it did not come about: the loop drops such a connection in silence."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if isinstance(self.context, _Loaded):
                self.context.refused[_reason(error)] += 1
            raise


class _Loaded(ssl.SSLContext):
    """One reading of the files."""

    sslobject_class = _Watched

    def __init__(self, _: int) -> None:
        self.refused: Counter[str] = Counter()
        self.ends: list[float] = []
        """Of each certificate in it: until when it is valid, as Unix time."""


class _Newest(ssl.SSLContext):
    """What a server holds: each new connection is given to the newest reading, with all that is in it.

    Not with `sni_callback`, which swaps the certificates alone: whether a client's is asked for, and the sessions that
    may be taken up again, would stay those of the first reading.
    """

    loaded: _Loaded

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 (the library's)
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return self.loaded.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _ends(file: Path) -> list[float]:
    """When each certificate in the file ends; none if that cannot be told, and then TLS is not refused for it."""
    try:
        return [one.not_valid_after_utc.timestamp() for one in load_pem_x509_certificates(file.read_bytes())]
    except (OSError, ValueError):  # it has just been swapped, or OpenSSL takes more than cryptography does
        log.warning("tls_end_unknown", file=str(file))
        return []


def _no_password() -> str:
    """Instead of a question on the terminal, which nobody would answer."""
    return ""


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or type(error).__name__).lower().replace("_", " ")
    return (error.strerror or type(error).__name__).lower()
