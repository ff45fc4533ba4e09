"""The table of OCPP messages in contracts/README.md is the one that the models make."""

import subprocess
import sys
from pathlib import Path

import pytest

from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.table import BEGIN, END, renewed, table

README = Path(__file__).parents[2] / "contracts" / "README.md"


def test_the_table_in_the_readme_is_not_stale() -> None:
    """If this fails: `python -m ocppdiag_ocpp.table contracts/README.md`."""
    text = README.read_text(encoding="utf-8")
    assert renewed(text) == text


def test_every_message_has_a_row_with_its_direction_and_its_fields_in_each_version() -> None:
    rows = table().splitlines()
    assert len(rows) == 2 + len(list(PROFILE))
    assert "| `GetLog` | CSMS to station | 5 / 3 | 5 / 2 | complete |" in rows
    assert "| `SendLocalList` | CSMS to station | 3 / 2 |  | complete; not in ocpp2.0 |" in rows
    assert "| `Heartbeat` | station to CSMS | 0 / 1 | 0 / 1 | complete |" in rows


def test_the_table_is_printed_or_renewed_in_a_file_and_nothing_around_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n{BEGIN}old\n{END}after\n")
    command = [sys.executable, "-m", "ocppdiag_ocpp.table"]
    subprocess.run([*command, str(file)], check=True, timeout=60)  # noqa: S603 (our own)
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603
    assert printed.stdout == table()
    assert file.read_text() == f"before\n{BEGIN}\n{table()}\n{END}after\n"


@pytest.mark.parametrize("text", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_the_two_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="no <!-- messages --> and"):
        renewed(text)
