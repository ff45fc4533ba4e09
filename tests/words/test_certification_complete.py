"""Every certification test of a CSMS in OCPP's block N, and its neighbours of ours, has a test named after it."""

import ast
import re
from pathlib import Path

CERTIFICATION = "01 02 03 05 08 09 16 17 18 21 24 25 27 28 29 30 31 32 34 35 36 44 46 47 48 49 50 60 62 63"
"""OCPP 2.0.1 part 6, edition 3: the tests of block N that are for a CSMS."""

ROWS = {*(f"n_{number}" for number in CERTIFICATION.split()), "f_15", "g_20"}

NAME = re.compile(r"test_tc_([a-z]_\d\d)_csms_\w+")


def _tests() -> list[str]:
    files = sorted((Path(__file__).parents[1] / "whole").glob("test_certification_*.py"))
    return [
        node.name
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def test_every_row_has_a_test_named_after_it() -> None:
    assert len(ROWS) == 32
    assert {found[1] for test in _tests() if (found := NAME.fullmatch(test))} >= ROWS
