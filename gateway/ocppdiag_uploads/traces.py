"""The span of an upload that belongs to a command with a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from ocppdiag_contracts.upload_token import UploadToken
from ocppdiag_process import tracing
from ocppdiag_process.tracing import Span

_ERRORS_FROM = 500
"""Of a server: what is the other side's fault is none of its own."""


@contextmanager
def receiving(method: str, token: UploadToken) -> Iterator[Span]:
    """Span one request; its path is the secret, and is not told."""
    if token.trace is None or not tracing.on():
        yield Span(token.trace)
        return
    attributes = {
        "http.request.method": method,
        "http.route": "/{token}/",
        "ocppdiag.station": token.station,
        "ocppdiag.command_id": token.tag,
    }
    span = tracing.begin(f"{method} /{{token}}/", "SERVER", token.trace, attributes)
    try:
        yield span
    except web.HTTPException as error:
        answered(span, error.status)
        raise
    except BaseException as error:
        span.fail(type(error).__name__)
        raise
    finally:
        span.end()


def answered(span: Span, status: int) -> None:
    """Say how the request was answered."""
    span.say({"http.response.status_code": status})
    if status >= _ERRORS_FROM:
        span.fail(str(status))
