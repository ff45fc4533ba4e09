"""Sign and check the one secret in an upload URL; pure, so that a receiver needs no look-up to trust it."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from msgspec import Struct
from msgspec.json import Decoder, encode

_MAC_BYTES = 16


class UploadToken(Struct, frozen=True, array_like=True):
    """What an upload URL allows: one file for one operation of one station, until a time, up to a size."""

    station: str
    tag: str
    owner: str
    expires: int
    max_bytes: int
    trace: str | None = None
    """The command's `traceparent`."""


class BadTokenError(ValueError):
    """The token was not made by us, or was cut or changed."""


class ExpiredTokenError(ValueError):
    """The token was good once."""


_DECODER = Decoder(UploadToken)


def sign(token: UploadToken, secret: bytes) -> str:
    """Write a token as one path segment of a URL: characters a-z A-Z 0-9 - _ only, as weak URL parsers need."""
    body = encode(token)
    return _text(body + _mac(body, secret))


def check(text: str, secret: bytes, now: float) -> UploadToken:
    """Read a token back at a time (seconds since 1970).

    Raises:
        BadTokenError: not ours.
        ExpiredTokenError: ours, and over.

    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if text != _text(raw) or not hmac.compare_digest(mac, _mac(body, secret)):
            raise BadTokenError
        token = _DECODER.decode(body)
    except ValueError:
        raise BadTokenError("not a token of ours") from None
    if token.expires < now:
        raise ExpiredTokenError("this upload address is over")
    return token


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"ocppdiag upload " + body, sha256)[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
