"""Where the bytes go: a folder, into which a file comes whole or not at all, and once."""

import asyncio
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote
from uuid import uuid4

INCOMING = ".incoming~"
"""No station can have that name."""

REMAINS_SECONDS = 3600.0

_CHUNK = 2**20


class AlreadyStoredError(Exception):
    """There is a file for this operation."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole file in the store."""

    location: str
    size: int
    sha256: str


class Incoming:
    """A file on its way in. Leaving the context without `finish` leaves nothing behind."""

    def __init__(self, path: Path, final: Path) -> None:
        self._path = path
        self._final = final
        self._hash = sha256()
        self._file: BinaryIO
        self.size = 0

    async def __aenter__(self) -> Self:
        self._file = await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._leave)

    async def write(self, chunk: bytes) -> None:
        """Add some bytes. Raises OSError when the disk does."""
        await asyncio.to_thread(self._write, chunk)

    async def finish(self) -> StoredFile:
        """Put the file in its place, whole and on the disk.

        Raises:
            AlreadyStoredError: another file was there first.
            OSError: the disk failed.

        """
        await asyncio.to_thread(self._finish)
        return StoredFile(self._final.as_uri(), self.size, self._hash.hexdigest())

    def _open(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._final.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb")

    def _leave(self) -> None:
        # First, because to close a file on a full disk fails again.
        self._path.unlink(missing_ok=True)
        self._file.close()

    def _write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def _finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            # A link, because unlike a rename it refuses to replace what is there.
            self._final.hardlink_to(self._path)
        except FileExistsError:
            raise AlreadyStoredError from None
        folder = os.open(self._final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class FolderStore:
    """A folder on this machine's disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def forget_remains(self) -> None:
        """Delete what uploads left behind whose receiver was killed."""
        for path in (self._folder / INCOMING).glob("*"):
            if time.time() - path.stat().st_mtime > REMAINS_SECONDS:
                path.unlink(missing_ok=True)

    def incoming(self, station: str, tag: str) -> Incoming:
        """Begin a file. Both names were checked when the token was; neither can leave the folder."""
        return Incoming(self._folder / INCOMING / uuid4().hex, self._final(station, tag))

    async def find(self, station: str, tag: str) -> StoredFile | None:
        """Return the file of an operation, if it is there."""
        path = self._final(station, tag)
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return await asyncio.to_thread(_measured, path, found.st_size, found.st_mtime_ns)

    def _final(self, station: str, tag: str) -> Path:
        return self._folder / quote(station, safe="") / f"{quote(tag, safe='')}.log"


@lru_cache(maxsize=1024)
def _measured(path: Path, size: int, _changed: int) -> StoredFile:
    """Read it all, once: a used address can be asked for as often as somebody likes."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return StoredFile(path.as_uri(), size, digest.hexdigest())
