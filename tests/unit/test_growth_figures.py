"""What growth.py works out of what it has measured."""

import growth
import pytest
from cost import GENERATOR
from sheet import Sheet
from stretch import Stretch


def step(many: int, *, busy: float, silent: float = 0.0, memory: int = 0) -> growth.Step:
    found = growth.Step(many, memory={"Redis": memory})
    found.loaded.append(Stretch(1000, 2.0, {"worker": busy, GENERATOR: 1.0}))
    found.silent.append(Stretch(0, 4.0, {"worker": silent, GENERATOR: 1.0}))
    return found


def figures(sheet: Sheet) -> dict[str, bool]:
    return {figure.what: figure.missed for figure in sheet.figures if figure.target}


def test_what_silent_connections_cost_in_the_same_time_is_no_part_of_a_call() -> None:
    found = step(100, busy=0.5, silent=0.4)
    assert found.gross == pytest.approx(500.0)
    assert found.net == pytest.approx(300.0)  # 0.1 s a second, for 2 s, of 1000 CALLs


@pytest.mark.parametrize(("busy", "missed"), [(0.54, False), (0.56, True), (0.46, False), (0.44, True)])
def test_a_call_may_become_a_tenth_dearer_or_cheaper(busy: float, missed: bool) -> None:  # noqa: FBT001 (pytest's)
    sheet = Sheet("", "")
    growth.judge(sheet, [step(100, busy=0.5), step(1000, busy=busy)], "stations")
    assert figures(sheet)["a CALL's CPU with 1000 stations beside 100"] is missed


@pytest.mark.parametrize(("last", "missed"), [(11_900, False), (12_200, True)])
def test_memory_grows_by_a_tenth_more_at_most(last: int, missed: bool) -> None:  # noqa: FBT001 (pytest's)
    sheet = Sheet("", "")
    steps = [step(many, busy=1.0, memory=memory) for many, memory in ((0, 0), (100, 1000), (1100, last))]
    growth.linear(sheet, steps, "Redis", "of Redis")
    assert figures(sheet) == {"memory of Redis": missed}
