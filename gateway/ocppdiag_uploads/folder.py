"""Where the bytes go, as a folder on this machine's disk."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote, unquote
from uuid import uuid4

from ocppdiag_uploads import store
from ocppdiag_uploads.store import PIECE, RECORDS, AlreadyStoredError, StoredFile, StoreError

INCOMING = ".incoming~"
"""No station can have that name."""

REMAINS_SECONDS = 3600.0
DAY = 86400.0

_CHUNK = 2**20


class FolderIncoming:
    """A temporary file, until it is whole."""

    def __init__(self, folder: Path, station: str, command_id: str) -> None:
        self._path = folder / INCOMING / uuid4().hex
        self._folder = folder
        self._station = station
        self._command_id = command_id
        self._hash = sha256()
        self._held = bytearray()
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
        self._held += chunk
        self.size += len(chunk)
        if len(self._held) >= PIECE:
            await asyncio.to_thread(self._write)

    async def finish(self) -> StoredFile:
        """Put the file in its place, whole and on the disk.

        Raises:
            AlreadyStoredError: another file was there first.
            OSError: the disk failed.

        """
        return await asyncio.to_thread(self._finish)

    def _open(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb")

    def _leave(self) -> None:
        # First, because to close a file on a full disk fails again.
        self._path.unlink(missing_ok=True)
        self._file.close()

    def _write(self) -> None:
        self._file.write(self._held)
        self._hash.update(self._held)
        self._held.clear()

    def _finish(self) -> StoredFile:
        self._write()
        self._file.flush()
        os.fsync(self._file.fileno())
        name = _name(self._station, self._command_id)
        final = self._folder / name
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            # A link, because unlike a rename it refuses to replace what is there.
            final.hardlink_to(self._path)
        except FileExistsError:
            raise AlreadyStoredError from None
        for folder in (final.parent, self._folder):  # the first may be new in the second
            _synced(folder)
        file = StoredFile(
            self._station, self._command_id, name, self.size, self._hash.hexdigest(), final.stat().st_mtime
        )
        self._remember(file)
        return file

    def _remember(self, file: StoredFile) -> None:
        """Write its record; without one the file is read again for what was in it."""
        with suppress(OSError):
            place = self._folder / store.record(file.station, file.command_id)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(store.written(file))


class FolderStore:
    """`<station>/<command id>.log`, and under `.stored~` what is known of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    async def check(self) -> None:
        """See that we may write into it. Raises OSError."""
        await asyncio.to_thread((self._folder / INCOMING).mkdir, parents=True, exist_ok=True)

    def forget(self, keep_days: float | None) -> int:
        """Delete what killed receivers left behind, and the logs that are older than that; returns how many of these.

        What is on its way has another place, and several receivers may do it at once.
        """
        now = time.time()
        for path in (self._folder / INCOMING).glob("*"):
            _delete_older(path, now - REMAINS_SECONDS)
        if keep_days is None:
            return 0
        gone = 0
        for path in self._logs("*"):
            if _delete_older(path, now - keep_days * DAY):
                self._record_of(path).unlink(missing_ok=True)
                gone += 1
        return gone

    def incoming(self, station: str, command_id: str) -> FolderIncoming:
        """Begin a file."""
        return FolderIncoming(self._folder, station, command_id)

    async def find(self, station: str, command_id: str) -> StoredFile | None:
        """Return the file of an operation, if it is there. Raises OSError."""
        with suppress(FileNotFoundError):
            return await asyncio.to_thread(self._known, self._folder / _name(station, command_id))
        return None

    async def files(self, station: str | None = None) -> AsyncIterator[StoredFile]:
        """Yield every file, or every one of a station. Raises OSError."""
        for path in await asyncio.to_thread(list, self._logs("*" if station is None else quote(station, ""))):
            with suppress(FileNotFoundError):  # its time came while we looked
                yield await asyncio.to_thread(self._known, path)

    async def read(self, file: StoredFile) -> AsyncIterator[bytes]:
        """Yield what is in a file. Raises OSError."""
        with await asyncio.to_thread((self._folder / file.name).open, "rb") as opened:
            while chunk := await asyncio.to_thread(opened.read, _CHUNK):
                yield chunk

    def location(self, file: StoredFile) -> str:
        """Return its file address."""
        return (self._folder / file.name).as_uri()

    async def aclose(self) -> None:
        """Nothing is held."""

    def _logs(self, station: str) -> Iterator[Path]:
        # A star is no part of what was quoted.
        return (path for path in self._folder.glob(f"{station}/*.log") if path.parent.name != RECORDS)

    def _record_of(self, log: Path) -> Path:
        return (self._folder / RECORDS / log.relative_to(self._folder)).with_suffix(".json")

    def _known(self, path: Path) -> StoredFile:
        with suppress(FileNotFoundError, StoreError):
            known = store.parsed(self._record_of(path).read_bytes())
            # Of a file that somebody has changed it tells nothing.
            if (known.size, known.at) == ((found := path.stat()).st_size, found.st_mtime):
                return known
        found = path.stat()
        return _measured(path, self._folder, found.st_size, found.st_mtime)


def _name(station: str, command_id: str) -> str:
    return f"{store.path(station, command_id)}.log"


def _synced(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _delete_older(path: Path, than: float) -> bool:
    with suppress(FileNotFoundError):  # another receiver was there first
        if path.stat().st_mtime < than:
            path.unlink()
            return True
    return False


@lru_cache(maxsize=1024)
def _measured(path: Path, folder: Path, size: int, changed: float) -> StoredFile:
    """Read it all, once: a used address can be asked for as often as somebody likes."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    station, command_id = unquote(path.parent.name), unquote(path.stem)
    name = str(path.relative_to(folder))
    return StoredFile(station, command_id, name, size, digest.hexdigest(), changed)
