"""What is counted is counted once, in the right place, and in no more places than were declared."""

from bisect import bisect_left
from collections import Counter as Count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from ocppdiag_metrics import OTHER, Counter, Gauge, Histogram
from ocppdiag_process.exposition import Exposition

KINDS, NAMES = ("call", "result"), ("Heartbeat", "GetLog")
BOUNDS = (0.1, 1.0, 10.0)
words = st.sampled_from([*KINDS, *NAMES, OTHER, "CS-17", "", 'a"b\\c\n'])


@given(st.lists(st.tuples(words, words, st.integers(1, 5))))
def test_all_is_counted_and_what_was_not_declared_is_other(events: list[tuple[str, str, int]]) -> None:
    counter = Counter("c_total", "C.", kind=KINDS, name=NAMES)
    expected: Count[tuple[str, str]] = Count()
    for kind, name, many in events:
        counter.add(kind, name, by=many)
        expected[kind if kind in KINDS else OTHER, name if name in NAMES else OTHER] += many
    assert dict(counter.cells()) == expected


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_has_each_value_in_the_first_bucket_that_is_not_below_it(values: list[float]) -> None:
    histogram = Histogram("h_seconds", "H.", BOUNDS)
    for value in values:
        histogram.observe(value)
    ((labels, row),) = histogram.cells()
    assert labels == ()
    assert row.counts == [sum(bisect_left(BOUNDS, value) == index for value in values) for index in range(4)]
    assert row.sum == pytest.approx(sum(values))


def test_with_one_label_each_value_is_there_from_the_start_and_with_two_only_what_has_happened() -> None:
    one, two = Counter("a_total", "A.", kind=KINDS), Counter("b_total", "B.", kind=KINDS, name=NAMES)
    assert dict(one.cells()) == {("call",): 0, ("result",): 0}
    assert dict(two.cells()) == {}
    two.row("call").add("GetLog")
    assert dict(two.cells()) == {("call", "GetLog"): 1}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain",
            "application/openmetrics-text; version=1.0.0",
        ),
    ],
)
def test_prometheus_reads_back_what_was_counted(accept: str, content_type: str) -> None:
    counter = Counter("c_total", "Counts.", kind=KINDS)
    counter.add("call", by=3)
    gauge = Gauge("g", "Is so.", kind=KINDS)
    gauge.set_function(lambda: {("result",): 0.5})
    histogram = Histogram("h_seconds", "Measures.", BOUNDS, name=NAMES)
    for value in (0.1, 0.5, 50):
        histogram.observe(value, "GetLog")
    text, said = Exposition([counter, gauge, histogram]).write(accept)
    assert said.startswith(content_type)
    parse = open_metrics if "openmetrics" in accept else plain_text
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse(text)
        for sample in family.samples
        if not sample.name.startswith("process_")
    }
    assert samples == {
        ("c_total", "call"): 3,
        ("c_total", "result"): 0,
        ("g", "result"): 0.5,
        ("h_seconds_bucket", "0.1", "GetLog"): 1,
        ("h_seconds_bucket", "1.0", "GetLog"): 2,
        ("h_seconds_bucket", "10.0", "GetLog"): 2,
        ("h_seconds_bucket", "+Inf", "GetLog"): 3,
        ("h_seconds_count", "GetLog"): 3,
        ("h_seconds_sum", "GetLog"): 50.6,
    }


def test_a_gauge_that_nobody_knows_has_no_value() -> None:
    text, _ = Exposition([Gauge("g", "Is so.")]).write("")
    assert "# TYPE g gauge" in text
    assert "\ng " not in text
