"""What a measurement found, what it cost, and on what it was made: CPU time as Linux's /proc has it."""

import os
import platform
import re
import resource
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
GENERATOR = "load generator"
"""What the process is called that measures: its own cost is no part of what is measured."""

TICKS = os.sysconf("SC_CLK_TCK")  # in a second


@dataclass(frozen=True)
class Run:
    """One repetition; `cpu` is in microseconds a call, by process."""

    calls_per_second: float
    p50_ms: float
    p99_ms: float
    cpu: dict[str, float]
    cores_busy: float
    errors: dict[str, int]


def cpu_seconds(pid: int) -> float:
    """All that a process has used so far, its ended children left out."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass(frozen=True)
class Memory:
    """What a process has in memory, in bytes: `rss` all of it, `pss` with its share only of what others have too."""

    rss: int
    pss: int


def memory(pid: int) -> Memory:
    """What a process has in memory now."""
    kib = dict(
        re.findall(r"^(Rss|Pss): +(\d+) kB$", (PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
    )
    return Memory(int(kib["Rss"]) * 1024, int(kib["Pss"]) * 1024)


def open_files() -> int:
    """Allow this process, and what it starts, as many open files as may be; return how many that are."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def machine_seconds() -> float:
    """All that everybody on this machine has used so far."""
    user, nice, system, _idle, _waiting, hard, soft, *_ = map(
        int, (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + hard + soft) / TICKS


def descendant(program: str) -> int | None:
    """Find a program among what this process has started, directly or not: none if it runs elsewhere."""
    parents: dict[int, int] = {}
    named: list[int] = []
    for folder in PROC.glob("[0-9]*"):
        pid = int(folder.name)
        try:
            parents[pid] = int(_stat(pid)[1])
            if (folder / "comm").read_text().strip() == program:
                named.append(pid)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    for pid in named:
        above = pid
        while above := parents.get(above, 0):
            if above == os.getpid():
                return pid
    return None


def machine() -> str:
    """Name what the figures belong to."""
    model = [
        line.partition(":")[2].strip()
        for line in (PROC / "cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores{f' of {model[0]}' if model else ''}, Python {platform.python_version()}"


def load() -> str:
    """The load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{average:.1f}" for average in os.getloadavg())


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold blanks and brackets."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
