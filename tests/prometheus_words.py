"""Which metrics an expression looks at, and which there are."""

import re

import pytest

OURS = re.compile(r"ocppdiag_")

_METRIC = re.compile(r"\b(?:ocppdiag|rabbitmq|process)_[a-z0-9_]+|\bup\b")
_ROW = re.compile(r"^\| `(ocppdiag_[a-z_]+)` \| (\w+) \|", re.MULTILINE)
_OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")


def metrics_of(expression: str) -> set[str]:
    """The names in it, without what stands in quotes."""
    return set(_METRIC.findall(re.sub(r'"[^"]*"', '""', expression)))


def table(readme: str) -> set[str]:
    """The names of all series of ours, from the table of metrics in a document."""
    rows = _ROW.findall(readme)
    if not rows:
        pytest.skip("there is no table of metrics yet")
    return {name + end for name, kind in rows for end in (_OF_A_HISTOGRAM if kind == "histogram" else ("",))}
