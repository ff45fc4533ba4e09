"""The bytes of an upload, whichever way a station sends them: a raw body, or the first file of a form."""

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

CHUNK = 2**18
LONGEST_NAME = 255
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]")
_DISPOSITION = re.compile(r'filename="?([^";]*)"?', re.IGNORECASE)


class EmptyFormError(Exception):
    """A form that does not begin with a file."""


class BadFormError(Exception):
    """What calls itself a form is none, or ends in the middle."""


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the file piece by piece; nothing is held and nothing is unpacked.

    Raises:
        EmptyFormError: a form came without a file.
        BadFormError: a form cannot be read to the end of its file.

    """
    if not _is_form(request):
        async for chunk in request.content.iter_chunked(CHUNK):
            yield chunk
        return
    try:
        form = await request.multipart()
        part = await form.next()
        if not isinstance(part, BodyPartReader):  # forms in forms would be for us to unpack
            raise EmptyFormError
        while chunk := await part.read_chunk(CHUNK):
            yield chunk
        await form.next()  # it has an end, else there may be more of the file
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError) as error:
        raise BadFormError(type(error).__name__) from None


def announced_size(request: web.Request) -> int | None:
    """What the station says the body will be; of a form it is a little more than the file."""
    return request.content_length


def announces_more_than(request: web.Request, most: int) -> bool:
    """Whether the file will be larger than that, from what is known before its first byte."""
    return (request.content_length or 0) > most and not _is_form(request)


def check(request: web.Request) -> None:
    """See that the body is one whole file with an end.

    Raises:
        web.HTTPException: the answer, when it is not.

    """
    if request.content_length is None and hdrs.TRANSFER_ENCODING not in request.headers:
        raise web.HTTPLengthRequired  # it would be taken for empty
    if request.headers.get(hdrs.TRANSFER_ENCODING, "chunked").strip().lower() != "chunked":
        raise web.HTTPNotImplemented  # nothing but chunks is undone (RFC 9112, 6.1)
    if hdrs.CONTENT_RANGE in request.headers:
        raise web.HTTPBadRequest  # a piece would be taken for the whole (RFC 9110, 14.5)


def filename(request: web.Request) -> str | None:
    """The station's own name for the file, for display only: from the path, else from Content-Disposition."""
    name = request.match_info.get("name", "")
    if not name and (found := _DISPOSITION.search(request.headers.get("Content-Disposition", ""))):
        name = found[1]
    name = _UNPRINTABLE.sub("?", unquote(name)).rpartition("/")[2].rpartition("\\")[2]
    return name[:LONGEST_NAME] or None


def _is_form(request: web.Request) -> bool:
    return request.content_type.startswith("multipart/")
