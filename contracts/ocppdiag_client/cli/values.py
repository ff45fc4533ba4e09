"""What people write behind an option: spans, times, and values that should not lie in a shell's history."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from ocppdiag_contracts.commands import explain
from ocppdiag_contracts.model import now

_SPAN = re.compile(r"(\d+)([smhd])")
LONGEST_SPAN = 10 * 366 * 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span(text: str) -> timedelta:
    """Read 90s, 15m, 2h or 3d."""
    if found := _SPAN.fullmatch(text):
        seconds = int(found[1]) * _SECONDS[found[2]]
        if seconds <= LONGEST_SPAN:
            return timedelta(seconds=seconds)
    raise typer.BadParameter("must be a span such as 90s, 15m, 2h or 3d, of ten years at most")


def moment(text: str) -> datetime:
    """Read a span back from now, or a time with a zone."""
    if _SPAN.fullmatch(text):
        return now() - span(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter(
            "must be a span such as 2h, or a time with a zone such as 2026-01-31T12:00:00Z"
        )
    return at


def contents(source: str) -> str:
    """Read a whole file, or standard input for `-`."""
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"cannot read the file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise typer.BadParameter("cannot read the file: it is not UTF-8") from None


def private(text: str) -> str:
    """Read a value as it is given, or from where it names."""
    if text == "-" or text.startswith("@"):
        return contents(text.removeprefix("@")).strip()
    return text


Moment = Annotated[datetime | None, typer.Option(parser=moment, metavar="SPAN|TIME")]


@contextmanager
def told_of(names: Mapping[str, str] | str) -> Iterator[None]:
    """Make a usage error of what is no command.

    Its fields are called by the options that they come from; or all of it is about one option.
    """
    try:
        yield
    except ValidationError as error:
        said = explain(error)
        if isinstance(names, str):
            raise typer.BadParameter(f"{names}: {said}") from None
        fields = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
        raise typer.BadParameter(fields.sub(lambda found: names[found[0]], said)) from None
