"""The table of metrics in deploy/README.md is the one that the code makes, and their names are as Prometheus wants them."""

import re
from pathlib import Path

import metrics_table
import pytest
from metrics_table import BEGIN, END, ROOMS

from ocppdiag_metrics import Counter, Histogram, Metric
from ocppdiag_process.exposition import family

README = Path(__file__).parents[2] / "deploy" / "README.md"
METRICS = [metric for room, _ in ROOMS for metric in room]
THOUSANDS = 1000

each = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def test_the_table_in_the_readme_is_not_stale() -> None:
    """If this fails: `make metrics`."""
    text = README.read_text(encoding="utf-8")
    assert metrics_table.renewed(text) == text


@pytest.mark.parametrize("text", ["", BEGIN, END, END + BEGIN])
def test_a_page_without_the_two_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="no <!-- metrics --> and"):
        metrics_table.renewed(text)


def test_no_metric_is_there_twice() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)


@each
def test_a_name_says_what_it_is_and_in_which_unit(metric: Metric) -> None:
    assert re.fullmatch(r"ocppdiag_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == isinstance(metric, Counter)
    if isinstance(metric, Histogram):
        assert metric.name.endswith(("_seconds", "_records"))
        assert sorted(set(metric.bounds)) == list(metric.bounds)
    assert not re.search("_(ms|millis|us|kb|percent)(_|$)", metric.name)


@each
def test_a_meaning_is_a_sentence_that_fits_into_a_table(metric: Metric) -> None:
    assert re.fullmatch(r"[A-Z1][^|\n]*\.", metric.meaning)


@each
def test_no_metric_names_a_station_or_a_command_or_who_sent_it_and_its_series_are_few(metric: Metric) -> None:
    assert not set(metric.labels) & {"station", "command_id", "tenant", "user", "node", "address", "shard"}
    series = 1
    for values in metric.labels.values():
        series *= len(values) + 1
    assert series <= 2 * THOUSANDS


@each
def test_every_metric_can_be_written_before_anything_has_happened(metric: Metric) -> None:
    assert family(metric).type == metric.type
