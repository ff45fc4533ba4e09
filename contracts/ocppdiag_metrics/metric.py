"""Counters, gauges and histograms of one process and one thread: plain numbers, read as they stand. Pure.

A label has the values that were declared for it and no others: what comes in anything else counts as `other`, so no
station can make the series of a metric more. What is counted for each frame holds on to its `row`, which takes a tenth
of a microsecond.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping

OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The buckets of what usually takes milliseconds."""

Values = tuple[str, ...]
"""One for each label."""


class _Labelled:
    """What every metric has: a name after Prometheus' conventions, a sentence, and its labels with their values."""

    __slots__ = ("labels", "meaning", "name")

    def __init__(self, name: str, meaning: str, labels: Mapping[str, Iterable[str]]) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = {label: frozenset(values) for label, values in labels.items()}

    def known(self, values: Values) -> Values:
        """Put `other` in the place of what was not declared."""
        declared = zip(values, self.labels.values(), strict=False)
        return tuple(value if value in known else OTHER for value, known in declared)


class CounterRow:
    """A counter of which all labels are filled in but the last."""

    __slots__ = ("cells",)

    def __init__(self, values: Iterable[str]) -> None:
        self.cells: dict[str, float] = dict.fromkeys(values, 0)

    def add(self, value: str = OTHER, by: float = 1) -> None:
        """Count some more, under a value of the last label."""
        cells = self.cells
        cells[value if value in cells else OTHER] += by


class Counter(_Labelled):
    """Grows for as long as the process runs.

    With one label each of its values is there from the start, with more only what has happened.
    """

    __slots__ = ("_last", "_rows")
    type = "counter"

    def __init__(self, name: str, meaning: str, /, **labels: Iterable[str]) -> None:
        super().__init__(name, meaning, labels)
        self._last = (*sorted(list(self.labels.values())[-1]), OTHER) if labels else (OTHER,)
        self._rows: dict[Values, CounterRow] = {}
        if len(labels) <= 1:
            self.row()

    def row(self, *values: str) -> CounterRow:
        """Return the row with these values for all labels but the last."""
        if (row := self._rows.get(values)) is None:
            row = self._rows.setdefault(self.known(values), CounterRow(self._last))
        return row

    def add(self, *values: str, by: float = 1) -> None:
        """Count some more, under a value for each label."""
        self.row(*values[:-1]).add(values[-1] if values else OTHER, by)

    def cells(self) -> Iterator[tuple[Values, float]]:
        """Return what there is, with a value for each label."""
        for first, row in self._rows.items():
            for last, count in row.cells.items():
                if not self.labels:
                    yield (), count
                elif count or (len(self.labels) == 1 and last != OTHER):
                    yield (*first, last), count


class HistogramRow:
    """A histogram of which all labels are filled in."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How often, for each bucket, and for what is above the last."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Note how much it was this time."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Histogram(_Labelled):
    """How often something was how much: `bounds` are those of its buckets, each belongs to what is below it."""

    __slots__ = ("_rows", "bounds")
    type = "histogram"

    def __init__(
        self, name: str, meaning: str, bounds: tuple[float, ...], /, **labels: Iterable[str]
    ) -> None:
        super().__init__(name, meaning, labels)
        self.bounds = bounds
        self._rows: dict[Values, HistogramRow] = {}
        if not labels:
            self.row()

    def row(self, *values: str) -> HistogramRow:
        """Return the row with a value for each label."""
        if (row := self._rows.get(values)) is None:
            row = self._rows.setdefault(self.known(values), HistogramRow(self.bounds))
        return row

    def observe(self, value: float, *values: str) -> None:
        """Note how much it was this time, under a value for each label."""
        self.row(*values).observe(value)

    def cells(self) -> Iterator[tuple[Values, HistogramRow]]:
        """Return what there is, with a value for each label."""
        yield from self._rows.items()


class Gauge(_Labelled):
    """What is so at the moment, asked whenever somebody looks; nothing is known before `set_function`."""

    __slots__ = ("read",)
    type = "gauge"

    def __init__(self, name: str, meaning: str, /, **labels: Iterable[str]) -> None:
        super().__init__(name, meaning, labels)
        self.read: Callable[[], Mapping[Values, float]] = dict

    def set_function(self, read: Callable[[], Mapping[Values, float]]) -> None:
        """Have this called for the present values; the last one who says so is asked."""
        self.read = read


Metric = Counter | Histogram | Gauge
