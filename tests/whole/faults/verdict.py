"""What a trial comes to: the span of its fault, what was counted, and the promises that were broken. Pure."""

from collections import Counter
from dataclasses import dataclass

LATE_SECONDS = 5.0
"""After its deadline a command's end may come so much later."""


@dataclass(frozen=True, slots=True)
class Span:
    """When the fault was on, and how soon after its healing everything must be well.

    `excused`: until then an end may come, whatever its deadline, that could not come while the fault was on.
    """

    struck: float
    healed: float
    bound: float
    excused: float

    def latest(self, due: float) -> float:
        """Return until when the end of a command with this deadline must have come."""
        in_time = due + LATE_SECONDS
        return max(in_time, self.excused) if in_time > self.struck else in_time


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, on what, and what shows it."""

    promise: str
    what: str
    evidence: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """As Jepsen counts: what is unknown may have happened or not."""

    attempted: int = 0
    ok: int = 0
    unknown: int = 0
    lost: int = 0
    duplicated: int = 0
    unexpected: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trial; `ends` are the final events by outcome, `recovery` is in seconds after the healing."""

    commands: Counts
    executions: Counts
    parts: Counts
    ends: Counter[str]
    recovery: float | None
    violations: tuple[Violation, ...]
