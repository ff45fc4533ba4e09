"""Metrics as Prometheus reads them: its text format, or OpenMetrics for who asks for that."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ocppdiag_metrics import Counter, Gauge, Histogram, Metric


class Exposition:
    """Metrics of ours, and beside them `process_*`: what the system knows of this process."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        # Not the library's own registry, which is one for all that is imported.
        self._registry = CollectorRegistry()
        self._registry.register(_Ours(metrics))
        ProcessCollector(registry=self._registry)

    def write(self, accept: str) -> tuple[str, str]:
        """Return the text, and its content type, for a request's `Accept`."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry).decode(), content_type


class _Ours(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterator[Family]:
        return map(family, self._metrics)


def family(metric: Metric) -> Family:
    """Write one metric as the library knows it."""
    labels = tuple(metric.labels)
    match metric:
        case Counter():
            counter = CounterMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, count in metric.cells():
                counter.add_metric(values, count)
            return counter
        case Gauge():
            gauge = GaugeMetricFamily(metric.name, metric.meaning, labels=labels)
            for values, present in metric.read().items():
                gauge.add_metric(values, present)
            return gauge
        case Histogram():
            histogram = HistogramMetricFamily(metric.name, metric.meaning, labels=labels)
            bounds = [*map(floatToGoString, metric.bounds), "+Inf"]
            for values, row in metric.cells():
                buckets = list(zip(bounds, map(float, accumulate(row.counts)), strict=True))
                histogram.add_metric(values, buckets, row.sum)
            return histogram
