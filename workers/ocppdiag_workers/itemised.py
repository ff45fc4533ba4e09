"""Commands about many items, asked in as many requests as the station's limits need, one after the other. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace
from pydantic import BaseModel, TypeAdapter

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import Outcome, Result
from ocppdiag_contracts.failures import Failure
from ocppdiag_ocpp.receive import UnreadableError
from ocppdiag_workers import dialect, lifecycle, limits, news
from ocppdiag_workers.feature import Ask, Feature, House, Work
from ocppdiag_workers.limits import Limits
from ocppdiag_workers.operation import Ending, MonitorsSeen, Operation, Step, settle

I = TypeVar("I")  # noqa: E741 (an item)
R = TypeVar("R", bound=BaseModel)


class Progress(Struct, frozen=True, omit_defaults=True):
    """What was answered so far: one result (its JSON) for each item, in the command's order."""

    limits: Limits | None = None
    asking: int = 0
    """How many items the request under way has."""

    results: tuple[Raw, ...] = ()


@dataclass(frozen=True, slots=True)
class Itemised(Generic[I, R]):
    """What differs between such commands; `action` is also the instance of the station's limits."""

    command: type[CommandModel]
    action: str
    items: Callable[[Operation], Sequence[I]]
    fields: Callable[[Sequence[I]], dict[str, Any]]
    """The request for some of the items."""

    results: Callable[[Operation, Sequence[I], bytes], list[R]]
    """Reads a response: one result an item. Raises UnreadableError."""

    result_type: type[R]
    result: Callable[[list[R]], Result]
    accepted: Callable[[R], bool]
    seen: Callable[[list[R]], MonitorsSeen]
    """What the results say of the station's monitors."""

    def feature(self) -> Feature:
        """List it as a feature."""
        details = msgspec.json.encode(Progress())
        return Feature(
            work=Work(
                command=self.command,
                ask=self.ask,
                learn=self.learn,
                end=self.end,
                details=details,
                harmless=self._asks_for_limits,
            )
        )

    def ask(self, operation: Operation, _: House) -> Ask:
        """The limits first, when there is more than one item; then the next of the items."""
        progress, items = _progress(operation), self.items(operation)
        if _needs_limits(progress, items):
            return limits.ask(operation, "MonitoringCtrlr", self.action)
        asked = self._asked(progress, items)
        return Ask(self.action, dialect.request(self.action, operation.version, self.fields(asked)))

    def learn(self, operation: Operation, item: news.OperationNews) -> Step:
        """Each answer brings the next request, until nothing is left to ask."""
        progress, items = _progress(operation), self.items(operation)
        match item:
            case news.Answered() | news.Errored() | news.TimedOut() if _needs_limits(progress, items):
                told = replace(progress, limits=limits.read(operation, item))
                return self._next(operation, told, items)
            case news.Answered():
                return self._answered(operation, progress, items, item)
            case news.Errored():
                return lifecycle.errored(operation, item, self.end)
            case news.Woke() | news.TimedOut():
                return lifecycle.unanswered(operation, item, self.end)
            case _:
                return Step(operation)

    def end(self, operation: Operation, ending: Ending) -> Step:
        """End early: what was answered so far is told."""
        results = self._results(_progress(operation))
        if not results:
            return settle(operation, ending)
        detail = f"{len(results)} of {len(self.items(operation))} were answered; then: {ending.detail}"
        partly = Ending(Outcome.FAILED, ending.at, Failure.PARTLY_DONE, detail, ending.reason)
        return settle(operation, partly, self.result(results))

    def _next(self, operation: Operation, progress: Progress, items: Sequence[I]) -> Step:
        """Ask for as many of what is left as fit."""
        left, told = items[len(progress.results) :], progress.limits or Limits()
        most = left[: told.items or limits.SAFE_ITEMS]
        if told.bytes is None:
            count = len(most)
        else:
            requests = (dialect.request(self.action, operation.version, self.fields([item])) for item in most)
            count = limits.fitting([len(request.to_wire()) for request in requests], told)
        return Step(operation.next_turn(_details(replace(progress, asking=count))), asks=True)

    def _asks_for_limits(self, operation: Operation) -> bool:
        return _needs_limits(_progress(operation), self.items(operation))

    @staticmethod
    def _asked(progress: Progress, items: Sequence[I]) -> Sequence[I]:
        left = items[len(progress.results) :]
        return left[: progress.asking or len(left)]

    def _answered(
        self, operation: Operation, progress: Progress, items: Sequence[I], item: news.Answered
    ) -> Step:
        try:
            results = self.results(operation, self._asked(progress, items), item.payload)
        except UnreadableError as error:
            return lifecycle.unreadable(operation, item, error, self.end)
        texts = tuple(Raw(result.model_dump_json().encode()) for result in results)
        progress = replace(progress, results=(*progress.results, *texts))
        if len(progress.results) < len(items):
            step = self._next(operation, progress, items)
        else:
            step = self._settled(operation, self._results(progress), item.at)
        return replace(step, monitors=self.seen(results))

    def _settled(self, operation: Operation, results: list[R], at: float) -> Step:
        good = sum(map(self.accepted, results))
        if good == len(results):
            ending = Ending(Outcome.COMPLETED, at)
        elif good:
            detail = f"the station accepted {good} of {len(results)}"
            ending = Ending(Outcome.FAILED, at, Failure.PARTLY_DONE, detail)
        else:
            ending = Ending(Outcome.REJECTED, at, Failure.REJECTED, "the station accepted none of them")
        return settle(operation, ending, self.result(results))

    def _results(self, progress: Progress) -> list[R]:
        adapter = TypeAdapter(self.result_type)
        return [adapter.validate_json(bytes(text)) for text in progress.results]


def _needs_limits(progress: Progress, items: Sequence[object]) -> bool:
    return progress.limits is None and len(items) > 1


def _progress(operation: Operation) -> Progress:
    return msgspec.json.decode(operation.details, type=Progress)


def _details(progress: Progress) -> Raw:
    return Raw(msgspec.json.encode(progress))
