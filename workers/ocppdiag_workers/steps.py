"""What is made known of a step that is on record: an end is counted, a new state is logged, and a trace has a span more."""

import structlog

from ocppdiag_workers import metrics, news, traces
from ocppdiag_workers.operation import Operation, Step

log = structlog.get_logger()


def recorded(before: Operation, step: Step, item: news.News, began: float) -> None:
    """Make a step known that news has led to; it `began` at a time in seconds since 1970."""
    after = step.operation
    metrics.ended(step.final, after.begun)
    if after.state != before.state:
        log.info("operation_moved", station=after.station, command_id=after.id, state=after.state.value)
    traces.stepped(before, step, item, began)
