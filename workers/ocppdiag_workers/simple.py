"""What of a decision can be done together with others: news for one open operation that nobody else is concerned with. Pure."""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from ocppdiag_workers import news
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.feature import nothing
from ocppdiag_workers.operation import Step
from ocppdiag_workers.parts import Part
from ocppdiag_workers.records import Change, Name, Remembered, Request

Known = Mapping[Request | Name, Remembered | None]
"""The operations that news is for, by their requests and by their names."""


class Matched(Struct, frozen=True):
    """News, and the operation that it is for; `index` is that of the decision it comes from."""

    index: int
    before: Remembered
    item: news.News

    @property
    def name(self) -> Name:
        """The operation's."""
        return self.before.operation.station, self.before.operation.id

    def is_open(self, now: float) -> bool:
        """Whether the operation goes on, and of what was to be told of it all is told, or somebody is at it."""
        before = self.before
        if before.unsent and not before.being_told(now):
            return False
        return not (before.operation.ended or before.operation.waits)

    def with_known(self, known: Iterator[tuple[Part | None, bool]]) -> "Matched":
        """The same; a part takes the next of what is known of parts."""
        if not isinstance(self.item, news.PartCame):
            return self
        first, repeated = next(known)
        return replace(self, item=replace(self.item, known=first, repeated=repeated))


class Plan(Struct, frozen=True):
    """What such news leads to."""

    matched: Matched
    step: Step

    @property
    def is_simple(self) -> bool:
        """Whether no other operation and no alarm is concerned."""
        step, before = self.step, self.matched.before.operation
        if step.supersedes or step.asks or step.operation.waits:
            return False
        if step.operation == before and not step.gather:
            return not step.events
        return bool(step.operation.ended or step.gather) or step.operation.wake_at == before.wake_at

    @property
    def change(self) -> Change | None:
        """What is to be written."""
        before = self.matched.before
        return None if self.step.operation == before.operation else Change.of(before, self.step)


def matches(index: int, decision: Decision, known: Known) -> list[Matched] | None:
    """At most one operation that the decision has news for; None where there may be more to it."""
    if decision.connects or decision.accepts or decision.severities or decision.forgets_monitors:
        return None
    found: list[Matched] = []
    for inform in decision.informs:
        name = inform.named or ((inform.tag,) if inform.tag else None)
        before = known.get((decision.station, *name)) if name else None
        if before is None:
            if inform.assumed or inform.unclaimed is not nothing:
                return None
        elif inform.family or found:
            return None
        else:
            found.append(Matched(index, before, inform.news))
    return found
