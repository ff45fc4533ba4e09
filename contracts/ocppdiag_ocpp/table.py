"""The messages as a table for people: `python -m ocppdiag_ocpp.table [FILE]` prints it, or renews it in FILE."""

import sys
from collections.abc import Callable
from pathlib import Path

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.profile import Feature

BEGIN, END = "<!-- messages -->\n", "<!-- /messages -->\n"


def table() -> str:
    """Write each message with its direction, the fields of its request and response in each version, and its state."""
    names = [version.value for version in OcppVersion]
    rows = [["message", "direction", *names, "state"], ["---"] * (3 + len(names)), *map(_row, PROFILE)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace(" --- ", "---")


def renewed(text: str) -> str:
    """Put the table between the two marks.

    Raises:
        ValueError: the marks are missing.

    """
    return between(text, BEGIN, END, table())


def between(text: str, begin: str, end: str, inner: str) -> str:
    """Put something into a document, in place of what stands between two marks.

    Raises:
        ValueError: the marks are missing.

    """
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"no {begin.strip()} and {end.strip()}")
    return f"{before}{begin}\n{inner}\n{end}{after}"


def _row(feature: Feature) -> list[str]:
    cells = [
        f"{_fields(shapes.request)} / {_fields(shapes.response)}"
        if (shapes := feature.versions.get(version))
        else ""
        for version in OcppVersion
    ]
    missing = [version.value for version in OcppVersion if version not in feature.versions]
    state = f"complete; not in {', '.join(missing)}" if missing else "complete"
    return [f"`{feature.action}`", feature.direction.value, *cells, state]


def _fields(model: type[OcppModel]) -> int:
    """Count the members of a payload, less the customData that every object of 2.0.1 may have."""
    return len(model.model_fields.keys() - {"custom_data"})


def write(table: Callable[[], str], renewed: Callable[[str], str]) -> None:
    """Print a table, or renew it in the files that the command line names."""
    if not sys.argv[1:]:
        sys.stdout.write(table())
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write(table, renewed)
