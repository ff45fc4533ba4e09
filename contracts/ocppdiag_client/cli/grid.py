"""Rows and columns on a terminal of any width: nothing is cut off, because what is looked for is copied from there."""

import sys
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocppdiag_client.cli.sentences import printable

_NUMBERS = frozenset({"id", "value", "severity", "bytes"})


def draw(
    console: Console,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    style: Callable[[str, str], str] = lambda _name, _cell: "",
) -> None:
    """Print a table, as wide as it is where nobody looks; on a terminal too narrow for its words, a line a cell instead.

    `style` is of a cell, by the name of its column and its text.
    """
    texts = [
        [Text(printable(cell), style=style(name, cell)) for name, cell in zip(head, row, strict=True)]
        for row in rows
    ]
    table = Table(box=None, header_style="bold underline", padding=(0, 1, 0, 0), pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for row in texts:
        table.add_row(*row)
    needed = console.measure(table, options=console.options.update(max_width=sys.maxsize))
    if not console.is_terminal:
        console.width = max(console.width, needed.maximum)
    if needed.minimum <= console.width:
        console.print(table)
        return
    margin = max(map(len, head))
    for row in texts:
        for name, cell in zip(head, row, strict=True):
            console.print(Text(name.ljust(margin), style="bold"), cell, soft_wrap=True)
        console.print()
