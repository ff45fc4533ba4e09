"""Reads the four histories of a trial and says what was lost, what came twice and what nobody asked for. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dossiers import Dossier, collect
from histories import Heard, Histories, Publish
from verdict import Counts, Span, Verdict, Violation
from wholeness import compare

MOST_ATTEMPTS = 3
"""How often a station may be asked what does no harm a second time."""

UNSEEN = frozenset({"not_connected", "busy", "deadline_passed", "cancelled", "unknown_station"})
"""Failures that say: the station has not been asked."""


def check(histories: Histories, span: Span) -> Verdict:
    """Judge a trial that is over."""
    dossiers, strangers = collect(histories)
    violations = [
        *(violation for each in dossiers for violation in _command(each, span)),
        *strangers,
    ]
    parts, lost = compare(histories, dossiers)
    violations += lost
    recovery = _recovery(dossiers, span)
    if recovery is None or recovery > span.bound:
        what = "never" if recovery is None else f"only after {recovery:.1f} s"
        violations.append(Violation("recovers", f"well again {what}, bound {span.bound:g} s", ()))
    found = Counter(violation.promise for violation in violations)
    return Verdict(
        _commands(dossiers, found),
        _executions(dossiers, found),
        replace(parts, lost=found["part lost"], unexpected=found["part unexpected"]),
        Counter(end.event["failure"] or end.event["outcome"] for each in dossiers for end in each.ends),
        recovery,
        tuple(violations),
    )


def _command(dossier: Dossier, span: Span) -> Iterator[Violation]:
    first, ends = dossier.sent[0], dossier.ends
    evidence = (*dossier.sent, *dossier.executed, *dossier.heard)
    name = f"{first.name} {first.command_id} of {first.station}"
    if dossier.publish is Publish.CONFIRMED and not ends:
        yield Violation("end lost", f"{name} has no final event", evidence)
    if len(ends) > 1:
        yield Violation("end duplicated", f"{name} has {len(ends)} different final events", evidence)
    if ends and ends[0].at > span.latest(first.due):
        late = ends[0].at - first.due
        yield Violation("end late", f"{name} ended {late:.1f} s after its deadline", evidence)
    most = MOST_ATTEMPTS if first.repeatable else 1
    if len(dossier.executed) > most:
        yield Violation("executed twice", f"{name} was executed {len(dossier.executed)} times", evidence)
    if dossier.publish is Publish.RETURNED and (ends or dossier.executed):
        yield Violation("event unexpected", f"{name} was returned, and yet something came of it", evidence)
    if not dossier.executed and any(map(_claims_execution, dossier.heard)):
        yield Violation(
            "event unexpected", f"{name} was accepted or completed, and no station had it", evidence
        )
    if dossier.executed and any(end.event["failure"] in UNSEEN for end in ends):
        yield Violation(
            "execution denied", f"{name} is said not to have reached its station, and has", evidence
        )


def _claims_execution(heard: Heard) -> bool:
    event = heard.event
    return event["event"] == "command_accepted" or event.get("outcome") == "completed"


def _recovery(dossiers: Iterable[Dossier], span: Span) -> float | None:
    """Seconds from the healing until a command sent after it was completed and every end that was overdue had come."""
    first: float | None = None
    overdue = span.healed
    for dossier in dossiers:
        for end in dossier.ends[:1]:
            sent = dossier.sent[0]
            if sent.at > span.healed and end.event["outcome"] == "completed":
                first = min(first or end.at, end.at)
            if sent.due <= span.healed:
                overdue = max(overdue, end.at)
    return None if first is None else max(first, overdue) - span.healed


def _commands(dossiers: Sequence[Dossier], found: Counter[str]) -> Counts:
    confirmed = [each for each in dossiers if each.publish is Publish.CONFIRMED]
    return Counts(
        attempted=len(dossiers),
        ok=sum(len(each.ends) == 1 for each in confirmed),
        unknown=len(dossiers) - len(confirmed),
        lost=found["end lost"],
        duplicated=found["end duplicated"],
        unexpected=found["event unexpected"] + found["execution denied"],
    )


def _executions(dossiers: Iterable[Dossier], found: Counter[str]) -> Counts:
    executed = [len(each.executed) for each in dossiers]
    return Counts(
        attempted=sum(executed),
        ok=sum(count == 1 for count in executed),
        duplicated=found["executed twice"],
        unexpected=found["CALL unexpected"],
    )
