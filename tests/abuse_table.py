"""The abuse cases as a table for people: `python tests/abuse_table.py [FILE]` prints it, or renews it in FILE.

A test says which case it shows with `@pytest.mark.abuse("13 malformed frames", "the link stays, the frame is counted")`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ocppdiag_ocpp.table import between, write

BEGIN, END = "<!-- abuse -->\n", "<!-- /abuse -->\n"
CASES = range(1, 37)
TESTS = Path(__file__).parent

_CASE = re.compile(r"(\d+) \S.*")


class Row(NamedTuple):
    """What a marker says, and whose it is."""

    number: int
    case: str
    expected: str
    test: str


def rows() -> list[Row]:
    """Find all the markers, by number.

    Raises:
        ValueError: a marker is not as it should be.

    """
    folders = ("unit", "words", "broker", "whole")
    files = (file for folder in folders for file in sorted((TESTS / folder).rglob("test_*.py")))
    return sorted(row for file in files for row in of(file.read_text(encoding="utf-8")))


def of(source: str) -> Iterator[Row]:
    """Read the markers of one file of tests, without running it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.abuse":
                    yield _row(node.name, mark)


def table() -> str:
    """Write each case with what is expected and the test that shows it."""
    return "| case | expected | test |\n|---|---|---|\n" + "".join(
        f"| {_cell(row.case)} | {_cell(row.expected)} | `{row.test}` |\n" for row in rows()
    )


def renewed(text: str) -> str:
    """Put the table between the two marks.

    Raises:
        ValueError: the marks are missing.

    """
    return between(text, BEGIN, END, table())


def _row(test: str, mark: ast.Call) -> Row:
    try:
        case, expected = map(ast.literal_eval, mark.args)
        number = int(_CASE.fullmatch(case)[1])  # type: ignore[index]  # None is caught
    except (TypeError, ValueError):
        raise ValueError(f"{test}: an abuse marker has two texts, the first begins with a number") from None
    if mark.keywords or number not in CASES or not isinstance(expected, str):
        raise ValueError(f"{test}: there is no abuse case {ast.unparse(mark)}")
    return Row(number, case, expected, test)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write(table, renewed)
