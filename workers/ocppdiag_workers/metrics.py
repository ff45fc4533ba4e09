"""What is counted and measured of commands and of what stations say. Pure."""

from collections.abc import Sequence

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import COMMAND_NAMES
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_metrics import SECONDS, Counter, Gauge, Histogram, Metric
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_workers.written import EndWritten

NONE = "none"

_KINDS = {kind: str(kind.__struct_config__.tag) for kind in link.ToWorkers.__args__}

RECORDS = Counter(
    "ocppdiag_worker_records_total",
    "Records taken from gateways and upload receivers, by kind, and by action where they are of a CALL or its answer.",
    kind=_KINDS.values(),
    action=(NONE, *(feature.action for feature in PROFILE)),
)
_ROWS = {kind: RECORDS.row(name) for kind, name in _KINDS.items()}
BATCH_RECORDS = Histogram(
    "ocppdiag_worker_batch_records", "Records in a batch that was taken.", (1, 2, 4, 8, 16, 32, 64, 128, 256)
)
RECORD_AGE = Histogram(
    "ocppdiag_worker_record_age_seconds",
    "From a gateway's or upload receiver's taking what it tells to a worker's taking that, by both their clocks; of the "
    "first record of each batch.",
    (*SECONDS, 60.0, 300.0),
)
BEGUN = Counter("ocppdiag_worker_commands_total", "Commands begun.", command=COMMAND_NAMES)
ENDED = Counter(
    "ocppdiag_worker_operations_ended_total",
    "Commands ended, by their outcome and failure, those that were never begun included.",
    command=COMMAND_NAMES,
    outcome=(outcome.value for outcome in Outcome),
    failure=(NONE, *(failure.value for failure in Failure)),
)
OPERATION_SECONDS = Histogram(
    "ocppdiag_worker_operation_seconds",
    "From the beginning of a command to its final event.",
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0),
    command=COMMAND_NAMES,
)
PARKED = Counter(
    "ocppdiag_worker_parked_total",
    "Messages and records that could not be handled and lie in ocppdiag.parking, by the beginning of the reason.",
    reason=(
        "its properties cannot be read",
        "longer than",
        "given up after",
        "not a batch of records",
        "no record",
        "a worker's fault",
        "no command",
        "another command under the id",
        "sent without user_id",
    ),
)
ALARMS = Counter(
    "ocppdiag_worker_alarms_total", "Operations woken, at their deadline or to be looked at again."
)
OPEN = Gauge(
    "ocppdiag_operations_open",
    "Commands that have not ended, or have a few seconds ago. All workers ask the same Redis: take max().",
)
OVERDUE = Gauge(
    "ocppdiag_operations_overdue_seconds",
    "How late the operation is that should have been woken first; 0: none is late. All workers say the same: take max().",
)
OLDEST = Gauge(
    "ocppdiag_operations_oldest_seconds",
    "How long ago the oldest open command was begun, one that waits for its station included; 0: none is open. All "
    "workers say the same: take max().",
)

METRICS: tuple[Metric, ...] = (
    RECORDS, BATCH_RECORDS, RECORD_AGE, BEGUN, ENDED, OPERATION_SECONDS, PARKED, ALARMS, OPEN, OVERDUE, OLDEST,
)  # fmt: skip


def came(records: Sequence[link.ToWorkers], now: float) -> None:
    """Measure how old a batch is that has come; `now` in seconds since 1970."""
    if records:
        RECORD_AGE.observe(max(0.0, now - records[0].at))


def taken(records: Sequence[link.ToWorkers]) -> None:
    """Count a batch."""
    BATCH_RECORDS.observe(len(records))
    for record in records:
        _ROWS[record.__class__].add(getattr(record, "action", NONE))


def ended(final: CommandSettled | EndWritten | None, begun: float = 0.0) -> None:
    """Count the end of a command, if this is one; `begun` is when, in seconds since 1970, 0 for one that never was."""
    if final is None:
        return
    event = final.event if isinstance(final, EndWritten) else final
    command = event.command or ""
    ENDED.add(command, event.outcome, event.failure or NONE)
    if begun:
        OPERATION_SECONDS.observe(max(0.0, event.time.timestamp() - begun), command)


def parked(reason: str) -> None:
    """Count what is put before people."""
    (known,) = PARKED.labels.values()
    PARKED.add(next((each for each in known if reason.startswith(each)), reason))
