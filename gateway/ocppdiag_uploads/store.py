"""What a place for logs must do, whichever it is: a file comes into it whole or not at all, and once."""

import re
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote

from msgspec import Struct
from msgspec.json import Decoder, encode

RECORDS = ".stored~"
"""Under it lies what is known of each file. No station can have that name."""

PIECE = 2**16
"""Bytes that are worth a step of their own: a station may send them one by one."""


class AlreadyStoredError(Exception):
    """There is a file for this operation."""


class StoreError(OSError):
    """The store does not do what it should; what it said is in the message. It may do so later."""


class StoredFile(Struct, frozen=True):
    """A whole file in the store; its record is this as JSON."""

    station: str
    command_id: str
    name: str
    """Where it lies, from the top of the store."""

    size: int
    sha256: str
    """Of what came, counted while it came."""

    at: float
    """Seconds since 1970."""


class Incoming(Protocol):
    """A file on its way in. Leaving the context without `finish` leaves nothing behind."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def write(self, chunk: bytes) -> None:
        """Add some bytes. Raises OSError when the store does."""

    async def finish(self) -> StoredFile:
        """Put the file in its place, whole and safe.

        Raises:
            AlreadyStoredError: another file was there first.
            OSError: the store failed.

        """
        ...


class Store(Protocol):
    """A place for logs. Both names of a file were checked when its token was; neither can leave the store."""

    async def check(self) -> None:
        """See that it is there and lets us in. Raises OSError with a sentence for the operator."""

    def incoming(self, station: str, command_id: str) -> Incoming:
        """Begin a file."""
        ...

    async def find(self, station: str, command_id: str) -> StoredFile | None:
        """Return the file of an operation, if it is there. Raises OSError."""

    def files(self, station: str | None = None) -> AsyncIterator[StoredFile]:
        """Yield every file, or every one of a station. Raises OSError."""
        ...

    def read(self, file: StoredFile) -> AsyncIterator[bytes]:
        """Yield what is in a file. Raises OSError."""
        ...

    def location(self, file: StoredFile) -> str:
        """Return the address under which people find it."""
        ...

    async def aclose(self) -> None:
        """Let go of it: the last thing that is done with it."""


def path(station: str, command_id: str) -> str:
    """Return the name of an operation's file, without its ending."""
    return f"{quote(station, safe='')}/{quote(command_id, safe='')}"


def record(station: str, command_id: str) -> str:
    """Return the name of what is known of that file."""
    return f"{RECORDS}/{path(station, command_id)}.json"


def written(file: StoredFile) -> bytes:
    """Return the record of a file."""
    return encode(file)


_DECODER = Decoder(StoredFile)


def parsed(text: bytes) -> StoredFile:
    """Read a record back. Raises StoreError."""
    try:
        return _DECODER.decode(text)
    except ValueError:
        raise StoreError("a record that is none") from None


_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!\.+(?:/|$))[A-Za-z0-9._=-]+)*/?")


def bucket_address(text: str) -> str:
    """Return what may be the address of a bucket unchanged. Raises ValueError."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError("must be s3://bucket or s3://bucket/prefix")
    return text.rstrip("/")
