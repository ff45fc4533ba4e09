"""The table of a run: a row for each fault, what its figures mean, and the page that is kept. Pure but for the machine."""

import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trial import Trial

HEAD = (
    "fault", "", "attempted", "ok", "unknown", "lost", "duplicated", "executed", "twice", "parts", "parts lost",
    "unexpected", "completed", "recovery s",
)  # fmt: skip

NOTE = """\
*attempted* commands were sent; *ok* had their publish confirmed and exactly one final event, by its deadline + 5 s (or
within the fault's bound after the healing, when RabbitMQ or Redis was away then); of the *unknown* the broker has not
confirmed the publish in time, or has returned it: they have none or one. *lost*: confirmed, and without a final event;
*duplicated*: with two different ones. *executed* CALLs reached stations; *twice*: executed more often than they may be
(once, or three times where that does no harm). *parts* of reports and events were told by stations; *parts lost* were
answered with a CALLRESULT and are in no event, or a completed report lacks them. *unexpected*: events without a cause,
CALLs that no command asks for, commands said not to have reached their station that have. *completed* is how many
commands ended so; the others failed as they should, with a station away or a deadline passed. *recovery*: seconds from
the healing until a command that was sent after it was completed and every command whose deadline had passed had its end."""


def of(trials: Sequence[Trial]) -> str:
    """Return the table, in Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(_row(trial) for trial in trials)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(trials: Sequence[Trial], command: str, seed: int) -> str:
    """Return the page that is kept with the code."""
    broken = Counter(violation.promise for trial in trials for violation in trial.violations)
    verdict = (
        ", ".join(f"{promise}: {count}" for promise, count in broken.items()) or "No promise was broken."
    )
    return (
        "# Results of the fault suite\n\n"
        f"Made by `{command}` with seed {seed}, in {sum(trial.seconds for trial in trials) / 60:.0f} minutes, on"
        f" {_machine()}.\n\n{of(trials)}\n\n{verdict}\n\n{NOTE}\n"
    )


def _row(trial: Trial) -> tuple[str, ...]:
    verdict = trial.verdict
    commands, executions, parts = verdict.commands, verdict.executions, verdict.parts
    figures = (
        commands.attempted, commands.ok, commands.unknown, commands.lost, commands.duplicated, executions.attempted,
        executions.duplicated, parts.attempted, parts.lost,
        commands.unexpected + executions.unexpected + parts.unexpected, verdict.ends["completed"],
    )  # fmt: skip
    recovery = "never" if verdict.recovery is None else f"{verdict.recovery:.1f}"
    return (trial.fault.code, trial.fault.title, *map(str, figures), recovery)


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores ({_first('/proc/cpuinfo', 'model name')}), {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}, RabbitMQ {_version('rabbitmqctl', 'version')},"
        f" Redis {_version('redis-server', '--version')}"
    )


def _first(path: str, name: str) -> str:
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _version(*command: str) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout  # noqa: S603
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found.group() if found else "unknown"
