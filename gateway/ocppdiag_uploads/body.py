"""The bytes of an upload, whichever way a station sends them: a raw body, or the first file of a form."""

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

CHUNK = 2**18
LONGEST_NAME = 255
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]")
_DISPOSITION = re.compile(r'filename="?([^";]*)"?', re.IGNORECASE)


class EmptyFormError(Exception):
    """A form without a file."""


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the file piece by piece; nothing is held and nothing is unpacked.

    Raises:
        EmptyFormError: a form came without a file.

    """
    if not request.content_type.startswith("multipart/"):
        async for chunk in request.content.iter_chunked(CHUNK):
            yield chunk
        return
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            while chunk := await part.read_chunk(CHUNK):
                yield chunk
            return
    raise EmptyFormError


def announced_size(request: web.Request) -> int | None:
    """What the station says the body will be; of a form it is a little more than the file."""
    return request.content_length


def filename(request: web.Request) -> str | None:
    """The station's own name for the file, for display only: from the path, else from Content-Disposition."""
    name = request.match_info.get("name", "")
    if not name and (found := _DISPOSITION.search(request.headers.get("Content-Disposition", ""))):
        name = found[1]
    name = _UNPRINTABLE.sub("?", unquote(name)).rpartition("/")[2].rpartition("\\")[2]
    return name[:LONGEST_NAME] or None
