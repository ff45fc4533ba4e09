"""Which feature hears what and carries out what, and how news is worked into an operation. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from ocppdiag_contracts.commands import name_of
from ocppdiag_workers import calls, news, report
from ocppdiag_workers.feature import Feature, Hear, Work
from ocppdiag_workers.news import News
from ocppdiag_workers.operation import Operation, State, Step

# Tuples, because `isinstance` goes through a union in Python.
_CALL = (news.Sent, news.Refused, news.Answered, news.Errored, news.TimedOut, news.Lost)
_FOLLOWED = (news.Sent, news.Refused, news.Lost, news.Back, news.Withdrawn)
_STATION = (news.LogStatus, news.PartCame)


class Table:
    """Which feature hears an action and which carries out a command."""

    def __init__(self, features: tuple[Feature, ...]) -> None:
        self.hears: Mapping[str, Hear] = MappingProxyType(
            {action: hear for feature in features for action, hear in feature.hears.items()}
        )
        works = [feature.work for feature in features if feature.work]
        self.works: Mapping[str, Work] = MappingProxyType({name_of(work.command): work for work in works})

    def advance(self, operation: Operation, item: News) -> Step:
        """Work news into an operation; an ended one absorbs it."""
        if operation.ended:
            return Step(operation)
        work = self.works[operation.name]
        if isinstance(item, _CALL):
            if item.epoch and operation.epoch and item.epoch != operation.epoch:
                return Step(operation)  # of another connection than the one that it is asked on now
            if operation.state is State.WAITING and not isinstance(item, news.Sent):
                return Step(operation)  # of the connection that has gone
            if item.turn != operation.turn:
                # Told again after a crash: whether the CALL of this turn was sent is not known.
                return Step(operation, asks=operation.state is State.QUEUED and item.turn < operation.turn)
        waiting = operation.state is State.WAITING
        if isinstance(item, _FOLLOWED) or (isinstance(item, news.Woke) and waiting):
            step = calls.follow(operation, item, work.end, harmless=work.harmless(operation))
            if waiting or step.operation.state is not operation.state or step.operation == operation:
                return step
            # It is late: what has overtaken it is looked at again.
            operation, item = step.operation, news.Woke(item.at)
        return self._learned(operation, item, work)

    def _learned(self, operation: Operation, item: news.OperationNews, work: Work) -> Step:
        step = work.learn(operation, item)
        if isinstance(item, _STATION) and step.operation != operation:
            step = replace(step, operation=replace(step.operation, heard=max(operation.heard, item.stamp)))
        left = step.operation
        if isinstance(item, news.TimedOut) and left.turn == operation.turn and not left.ended:
            return replace(step, operation=replace(left, overdue=True))
        # A CALL that no command brings may not have gone out when a worker fell: whatever comes then orders it again.
        asks = (left.turn or left.waits) and left.state is State.QUEUED
        return replace(step, asks=True) if asks else step

    def had(self, operation: Operation, item: News) -> bool:
        """Whether an ended operation had this very news from the station before it ended."""
        match item:
            case news.PartCame():  # the same number in a newer message may be another part
                return report.parts_of(operation).has(item.part.seq_no) and item.stamp <= operation.heard
            case news.LogStatus():
                return item.stamp <= operation.heard
            case _:
                return False
