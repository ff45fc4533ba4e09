"""What a process counts and measures of itself, at next to no cost; `ocppdiag_process` writes it down for Prometheus."""

from ocppdiag_metrics.metric import OTHER, SECONDS, Counter, Gauge, Histogram, Metric

__all__ = ["OTHER", "SECONDS", "Counter", "Gauge", "Histogram", "Metric"]
