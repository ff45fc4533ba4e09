"""What is worked out of stretches of a measurement."""

import pytest
from cost import GENERATOR
from ends import End, Monitored, Result
from parts_rate import MONITORS, Reports, monitors
from sheet import Sheet
from stretch import Stretch, add_costs, add_generator, add_ratio


def stretch(done: int, *, worker: float = 0.0, generator: float = 0.0) -> Stretch:
    return Stretch(done, 2.0, {"worker": worker, GENERATOR: generator})


@pytest.mark.parametrize(("at_least", "good"), [(0.4, True), (0.5, False)])
def test_the_median_of_the_pairs_is_compared_with_the_target(at_least: float, good: bool) -> None:  # noqa: FBT001 (pytest's)
    sheet = Sheet("", "")
    theirs = [stretch(100), stretch(1000), stretch(100)]
    add_ratio(sheet, "", [stretch(90), stretch(400), stretch(40)], theirs, at_least)
    assert sheet.figures[0].found == "40.0 % (40.0 to 90.0)"
    assert sheet.good is good


def test_a_part_costs_its_share_of_the_report() -> None:
    sheet = Sheet("", "")
    add_costs(sheet, "part", [stretch(50, worker=1.0).times(20)])
    assert sheet.costs["part"]["worker"] == pytest.approx(1000.0)


@pytest.mark.parametrize(("generator", "good"), [(1.0, True), (1.4, False)])
def test_a_load_generator_that_is_waited_for_spoils_the_measurement(generator: float, good: bool) -> None:  # noqa: FBT001 (pytest's)
    sheet = Sheet("", "")
    add_generator(sheet, [stretch(1)], [stretch(1, generator=generator)])
    assert sheet.good is good


def test_a_report_counts_only_with_all_its_parts_and_monitors() -> None:
    reports = Reports(3)
    data = [Monitored([object()])] * 3 * MONITORS

    def end(parts: int, found: list[Monitored]) -> End:
        return End("e", "c", "completed", result=Result("monitoring_report", parts, found))

    assert reports.wrong(end(3, data)) is None
    assert reports.wrong(end(3, data[1:])) == "a report of 29 monitors"
    assert reports.wrong(end(2, data))
    assert reports.wrong(End("e", "c", "completed"))


def test_a_part_has_the_size_that_is_measured() -> None:
    assert 2000 < len(monitors(7)) < 3000
