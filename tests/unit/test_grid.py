"""A table loses nothing on any terminal, and in no pipe: what stands in it is copied into the next command."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ocppdiag_client.cli.grid import draw

COMMAND_ID = "0b6c0f1e-6f0a-4b0e-9d3c-2a7f4f1f9a12"
HEAD = ("station", "stored", "size", "command_id")
ROW = ("CS-1", "2026-01-31T12:00:00.000Z", "440.0 kB", COMMAND_ID)


def drawn(width: int, row: tuple[str, ...] = ROW, *, terminal: bool = True) -> str:
    out = io.StringIO()
    draw(Console(file=out, width=width, force_terminal=terminal, color_system=None), HEAD, [row, row])
    return out.getvalue()


words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=60)


@given(width=st.integers(20, 200), row=st.tuples(words, words, words, words), terminal=st.booleans())
def test_each_word_is_there_in_one_piece_at_any_width(
    *, width: int, row: tuple[str, ...], terminal: bool
) -> None:
    text = drawn(width, row, terminal=terminal)
    assert all(text.count(word) >= 2 for word in row), text


def test_on_a_terminal_that_is_wide_enough_a_row_is_a_line() -> None:
    head, *rows = drawn(80).splitlines()
    assert head.split() == list(HEAD)
    assert [row.split() for row in rows] == [" ".join(ROW).split()] * 2


def test_on_a_narrower_one_a_cell_is_a_line() -> None:
    lines = [line.split(maxsplit=1) for line in drawn(60).splitlines()]
    assert lines == [*([name, cell] for name, cell in zip(HEAD, ROW, strict=True)), []] * 2


def test_in_a_pipe_a_row_is_a_line_whatever_the_width() -> None:
    assert [line.split()[-1] for line in drawn(20, terminal=False).splitlines()] == [
        "command_id",
        COMMAND_ID,
        COMMAND_ID,
    ]


def test_what_would_steer_the_terminal_does_not() -> None:
    assert "\x1b" not in drawn(80, ("\x1b[2J", "b", "c", "d"))
    assert "[bold]" in drawn(80, ("[bold]", "b", "c", "d"))
