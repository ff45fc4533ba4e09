"""All metrics as a table for people: `python tests/metrics_table.py [FILE]` prints it, or renews it in FILE."""

from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import ProcessCollector

from ocppdiag_amqp.metrics import METRICS as AMQP
from ocppdiag_gateway.metrics import METRICS as GATEWAY
from ocppdiag_metrics import Metric
from ocppdiag_ocpp.table import between, write
from ocppdiag_process.metrics import METRICS as PROCESS
from ocppdiag_process.metrics import TLS
from ocppdiag_redis.metrics import METRICS as REDIS
from ocppdiag_uploads.metrics import METRICS as UPLOADS
from ocppdiag_workers.metrics import METRICS as WORKERS

BEGIN, END = "<!-- metrics -->\n", "<!-- /metrics -->\n"
ALL = ("gateway", "worker", "uploads")
MOST_VALUES = 12
ROOMS: tuple[tuple[tuple[Metric, ...], tuple[str, ...]], ...] = (
    (GATEWAY, ("gateway",)),
    (WORKERS, ("worker",)),
    (UPLOADS, ("uploads",)),
    (AMQP, ALL),
    (REDIS, ("gateway", "worker")),
    (TLS, ("gateway", "uploads")),
    (PROCESS, ALL),
)


class Row(NamedTuple):
    """One metric, by the name that a query uses, and who has it."""

    name: str
    type: str
    labels: str
    processes: tuple[str, ...]
    meaning: str


def rows() -> Iterator[Row]:
    """All of ours, and what the system knows of each process."""
    for room, processes in ROOMS:
        for metric in room:
            labels = (_label(name, values) for name, values in metric.labels.items())
            yield Row(metric.name, metric.type, "; ".join(labels), processes, metric.meaning)
    for family in ProcessCollector(registry=None).collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        yield Row(name, family.type, "", ALL, family.documentation)


def table() -> str:
    """Write each metric with what it means."""
    return "| metric | type | labels | process | |\n|---|---|---|---|---|\n" + "".join(
        f"| `{row.name}` | {row.type} | {row.labels} |"
        f" {'all' if row.processes == ALL else ', '.join(row.processes)} | {row.meaning} |\n"
        for row in rows()
    )


def renewed(text: str) -> str:
    """Put the table between the two marks.

    Raises:
        ValueError: the marks are missing.

    """
    return between(text, BEGIN, END, table())


def _label(name: str, values: frozenset[str]) -> str:
    if len(values) > MOST_VALUES:
        return f"`{name}`"
    return f"`{name}`: {', '.join(sorted(values))}"


if __name__ == "__main__":
    write(table, renewed)
