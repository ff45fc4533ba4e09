"""Counters, gauges and histograms of one process and one thread: plain numbers, read as they stand. Pure.

A label has the values that were declared for it and no others: what comes in anything else counts as `other`, so no
station can make the series of a metric more.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

OTHER = "other"

Values = tuple[str, ...]
"""One for each label."""

_ONE_LABEL = 1


class _Labelled:
    """What every metric has: a name after Prometheus' conventions, a sentence, and its labels with their values."""

    __slots__ = ("labels", "meaning", "name")

    def __init__(self, name: str, meaning: str, labels: Mapping[str, Iterable[str]]) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = {label: frozenset(values) for label, values in labels.items()}

    def known(self, values: Values) -> Values:
        """Put `other` in the place of what was not declared."""
        declared = zip(values, self.labels.values(), strict=True)
        return tuple(value if value in known else OTHER for value, known in declared)

    def at_start(self) -> list[Values]:
        """What is there before anything has happened: with one label each of its values, with more none of them."""
        if len(self.labels) > _ONE_LABEL:
            return []
        return [(value,) for known in self.labels.values() for value in sorted(known)] or [()]


class Counter(_Labelled):
    """Grows for as long as the process runs."""

    __slots__ = ("cells",)
    type = "counter"

    def __init__(self, name: str, meaning: str, **labels: Iterable[str]) -> None:
        super().__init__(name, meaning, labels)
        self.cells: dict[Values, float] = dict.fromkeys(self.at_start(), 0)

    def add(self, *values: str, by: float = 1) -> None:
        """Count some more, under a value for each label."""
        cells = self.cells
        before = cells.get(values)
        if before is None:
            values = self.known(values)
            before = cells.get(values, 0)
        cells[values] = before + by


class Histogram(_Labelled):
    """How often something was how much: `buckets` are the bounds, each of which belongs to what is below it."""

    __slots__ = ("buckets", "cells")
    type = "histogram"

    def __init__(self, name: str, meaning: str, buckets: tuple[float, ...], **labels: Iterable[str]) -> None:
        super().__init__(name, meaning, labels)
        self.buckets = buckets
        self.cells: dict[Values, list[float]] = {values: self._empty() for values in self.at_start()}
        """For each bucket, and for what is above the last, how often; then the sum of all."""

    def observe(self, value: float, *values: str) -> None:
        """Note how much it was this time, under a value for each label."""
        cell = self.cells.get(values)
        if cell is None:
            cell = self.cells.setdefault(self.known(values), self._empty())
        cell[bisect_left(self.buckets, value)] += 1
        cell[-1] += value

    def _empty(self) -> list[float]:
        return [0.0] * (len(self.buckets) + 2)


class Gauge(_Labelled):
    """What is so at the moment: `read` is called whenever somebody looks, and knows nothing until `set_function`."""

    __slots__ = ("read",)
    type = "gauge"

    def __init__(self, name: str, meaning: str, **labels: Iterable[str]) -> None:
        super().__init__(name, meaning, labels)
        self.read: Callable[[], Mapping[Values, float]] = dict

    def set_function(self, read: Callable[[], Mapping[Values, float]]) -> None:
        """Have this called for the present values."""
        self.read = read


Metric = Counter | Histogram | Gauge
