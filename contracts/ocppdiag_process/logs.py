"""How every process of ours logs: one JSON line an event, or a readable one on a terminal; never a secret."""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson
import structlog

_SECRETS = frozenset(
    {"authorization", "password", "secret", "token", "url", "remote_location", "payload", "data"}
)
_HIDDEN = "[hidden]"
_OPTION = re.compile(r"(password=)[^&\s]+")


def configure(*, level: str = "info", process: str, readable: bool | None = None) -> None:
    """Set up structlog and the standard library's logging for this process.

    `readable=None` means: for people when standard output is a terminal, else JSON.
    """
    readable = sys.stdout.isatty() if readable is None else readable
    people = structlog.dev.ConsoleRenderer(
        colors=not os.environ.get("NO_COLOR"), exception_formatter=structlog.dev.plain_traceback
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, people]
        if readable
        else [*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory() if readable else structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(handlers=[_Bridge()], level=logging.WARNING, force=True)
    # A station that vanishes is everyday here, and we log it ourselves in one line instead of a traceback.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    # It quotes request lines, and ours hold upload tokens.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL + 1)


def _as_json(event: MutableMapping[str, Any], default: Callable[[Any], Any]) -> bytes:
    """Write a line; the few values that orjson refuses (huge integers, half of a surrogate pair) take the slow way."""
    try:
        return orjson.dumps(event, default=default)
    except TypeError:
        return json.dumps(event, default=default, skipkeys=True).encode()


class _Bridge(logging.Handler):
    """Hand what libraries log to structlog, so that it comes out in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the text; arguments may hold addresses with passwords, so they go through `without_password`."""
        log = structlog.get_logger("library")
        message = without_password(record.getMessage())
        log.log(record.levelno, "library", library=record.name, message=message, exc_info=record.exc_info)


def without_password(text: str) -> str:
    """Blank the password of every address in a text, also one among its options."""
    words = []
    for word in text.split(" "):
        scheme, slashes, rest = word.partition("://")
        userinfo, at, host = rest.rpartition("@")
        words.append(f"{scheme}{slashes}{userinfo.partition(':')[0]}:***@{host}" if slashes and at else word)
    return _OPTION.sub(r"\1***", " ".join(words))


def _hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank whatever goes by a name that stands for a secret: the last fence, not the first."""
    for name in _SECRETS & event.keys():
        event[name] = _HIDDEN
    return event
