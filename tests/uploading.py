"""The upload door by itself: addresses made as workers make them, a receiver of the test's own, and a bare socket to it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from installation import Installation

from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import UploadToken, sign
from ocppdiag_local.stack import start
from ocppdiag_uploads.store import RECORDS


def address(
    installation: Installation, name: str, *, tag: str = "c1", seconds: float = 60, max_bytes: int = 2**20
) -> str:
    """An upload address of this installation, as a worker would have made it."""
    return installation.running.upload_url + path(installation, name, tag, seconds, max_bytes)


def path(
    installation: Installation, name: str, tag: str = "c1", seconds: float = 60, max_bytes: int = 2**20
) -> str:
    """What follows the host in an upload address."""
    token = UploadToken(
        station=name, tag=tag, owner=OWNER, expires=int(time.time() + seconds), max_bytes=max_bytes
    )
    return f"/{sign(token, installation.keys.upload_key.encode())}/"


@dataclass
class Receiver:
    """An upload receiver of the test's own."""

    url: str
    pid: int
    folder: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    def kept(self) -> list[Path]:
        """Every file there is, whole or on its way; not what is written down of it."""
        return [
            found
            for found in self.folder.rglob("*")
            if (found.is_file() or found.is_symlink()) and RECORDS not in found.parts
        ]


@asynccontextmanager
async def receiver(
    installation: Installation, folder: Path | None, more: Mapping[str, str] | None = None, **settings: object
) -> AsyncIterator[Receiver]:
    """Run one more receiver beside the installation's; its settings by their names, without the prefix."""
    lines: list[dict[str, Any]] = []
    place = {"OCPPDIAG_UPLOAD_FOLDER": str(folder)} if folder else {}
    variables = {
        "OCPPDIAG_AMQP_URL": installation.services.amqp_url,
        "OCPPDIAG_UPLOAD_KEY": installation.keys.upload_key,
        **place,
        "OCPPDIAG_UPLOAD_PORT": "0",
        "OCPPDIAG_LOG_LEVEL": "debug",
        **{f"OCPPDIAG_{name.upper()}": str(value) for name, value in settings.items()},
        **(more or {}),
    }
    async with start("uploads", "ocppdiag_uploads", variables, lambda _, said: lines.append(said)) as process:
        port = process.ready.result()["port"]
        yield Receiver(f"http://127.0.0.1:{port}", process.pid, folder or Path(), lines)


async def opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to the door of this address."""
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def said(url: str, *pieces: str | bytes, within: float = 15) -> list[int]:
    """Send this and nothing else on a bare connection; the statuses of all that is answered.

    Heard until the other side ends, which may read for a while what it does not want, or says no more for a second.
    """
    reader, writer = await opened(url)
    try:
        for piece in pieces:
            writer.write(piece.encode("latin-1") if isinstance(piece, str) else piece)
        heard = b""
        while piece := await _more(reader, 1 if heard else within):
            heard += piece
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]


async def _more(reader: asyncio.StreamReader, within: float) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(2**16), within)
    except (ConnectionError, TimeoutError):
        return b""
