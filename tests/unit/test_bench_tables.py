"""The two tables that the bench begins with."""

import bench
from bench import Measure
from sheet import Sheet


def test_what_a_message_costs_is_added_up_by_kind_of_process_without_the_load_generator() -> None:
    sheet = Sheet("", "")
    cost = {"gateway": 10, "gateway 2": 20, "worker 2": 3, "RabbitMQ": 5, "uploads": 7, "load generator": 90}
    sheet.costs["CALL"] = cost
    *_, row = bench.costs({Measure.SCALE: [sheet]})
    assert row == "| scale | CALL | 30 | 3 | 5 | 0 | 7 | 45 | 90 |"


def test_every_promise_is_in_the_table_and_of_what_should_not_be_only_what_is() -> None:
    sheet = Sheet("", "")
    sheet.add("a figure", 1)
    sheet.add("a promise", 2, "3", missed=True)
    sheet.add("another", 4, "4")
    sheet.add("errors", "none", "none")
    sheet.add("complaints", "1 x loud", "none", missed=True)
    assert bench.promises({Measure.CALLS: [sheet]})[2:] == [
        "| calls | a promise | 2 | 3 | **missed** |",
        "| calls | another | 4 | 4 | met |",
        "| calls | complaints | 1 x loud | none | **missed** |",
    ]
