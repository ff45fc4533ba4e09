"""The abuse table in gateway/README.md is the one that the tests make, and no case is without a test."""

from pathlib import Path

import abuse_table
import pytest
from abuse_table import BEGIN, CASES, END, Row

README = Path(__file__).parents[2] / "gateway" / "README.md"


def test_the_table_in_the_readme_is_not_stale() -> None:
    """If this fails: `make abuse`."""
    text = README.read_text(encoding="utf-8")
    assert abuse_table.renewed(text) == text


def test_every_case_has_a_test() -> None:
    assert set(CASES) - {row.number for row in abuse_table.rows()} == set()


def test_a_test_may_show_several_cases_and_a_case_may_have_several_tests() -> None:
    source = """
@pytest.mark.abuse("2 one", "a")
@pytest.mark.parametrize("x", [1])
@pytest.mark.abuse("10 other", "b|c " "d")
async def test_a(): ...

@pytest.mark.abuse("2 one", "a")
def test_b(): ...

def test_c(): ...
"""
    found = list(abuse_table.of(source))
    assert found == [
        Row(2, "2 one", "a", "test_a"),
        Row(10, "10 other", "b|c d", "test_a"),
        Row(2, "2 one", "a", "test_b"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        '"13 frames"',
        '"13 frames", "x", "y"',
        '"frames", "x"',
        '"0 frames", "x"',
        '"37 frames", "x"',
        '"13", "x"',
        "13, 'x'",
        '"13 frames", 7',
        '"13 frames", f"{x}"',
        'case="13 frames", expected="x"',
    ],
)
def test_a_marker_that_says_less_or_more_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="test_a: "):
        list(abuse_table.of(f"@pytest.mark.abuse({wrong})\ndef test_a(): ..."))


@pytest.mark.parametrize("text", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_the_two_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="no <!-- abuse --> and"):
        abuse_table.renewed(text)
