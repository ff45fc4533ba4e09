"""What a worker counts: ends with their reasons, and what was parked by the words that operators read."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocppdiag_contracts import link
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_metrics import OTHER
from ocppdiag_workers import metrics

WORKERS = Path(__file__).parents[2] / "workers" / "ocppdiag_workers"


def test_an_end_is_counted_with_its_reason_and_the_time_since_the_beginning() -> None:
    end = CommandSettled(
        id="CS-1/c1/settled",
        time=datetime.fromtimestamp(1000, UTC),
        station="CS-1",
        command_id="c1",
        command="get_log",
        outcome=Outcome.FAILED,
        failure=Failure.BUSY,
        retry=Failure.BUSY.retry,
    )
    ended = ("get_log", "failed", "busy")
    before, row = dict(metrics.ENDED.cells()).get(ended, 0), metrics.OPERATION_SECONDS.row("get_log")
    total, many = row.sum, sum(row.counts)
    metrics.ended(end, begun=996)
    metrics.ended(end)  # never begun, so it has taken no time
    metrics.ended(None)
    assert dict(metrics.ENDED.cells())[ended] == before + 2
    assert (row.sum - total, sum(row.counts) - many) == (4, 1)


def test_every_reason_to_park_that_the_code_gives_has_its_name_among_the_metrics() -> None:
    text = "\n".join(file.read_text() for file in WORKERS.glob("*.py"))
    given = re.findall(r'(?:ParkError\(|\.park\(.*, |fallen = |UNSIGNED = )f?"([^"{]+)', text)
    assert len(given) >= 9
    for reason in given:
        before = dict(metrics.PARKED.cells()).get((OTHER,), 0)
        metrics.parked(reason)
        assert dict(metrics.PARKED.cells()).get((OTHER,), 0) == before, reason


@pytest.mark.parametrize("kind", link.ToWorkers.__args__)
def test_each_kind_of_record_is_counted_under_its_own_name(kind: type) -> None:
    assert metrics._KINDS[kind] in metrics.RECORDS.labels["kind"]
