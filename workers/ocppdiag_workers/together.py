"""What a batch of records asks for is done together: one look-up, one write, and all answers in one message.

It takes what is simple: news for one operation at most, which changes and asks for nothing that anybody else is
concerned with. That is nearly everything that stations say. The rest is left with nothing done.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from msgspec import Struct
from msgspec.structs import replace

from ocppdiag_amqp import UnconfirmedError, UnroutableError
from ocppdiag_workers import metrics, news
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.feature import nothing
from ocppdiag_workers.letters import letter, letters
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation, Step
from ocppdiag_workers.post import Post
from ocppdiag_workers.records import Change, Name, Remembered, Request
from ocppdiag_workers.table import Table

log = structlog.get_logger()

SLOW_SECONDS = 1.0
"""After so long, who has been told is answered, and who has not is waited for apart."""


class Taken(Struct, frozen=True):
    """A decision of which everything is written, and which is still to be told and answered."""

    decision: Decision
    change: Change | None = None


class _Claim(Struct, frozen=True):
    """News, and the operation that it is for."""

    item: news.News
    name: Name


class _Plan(Struct, frozen=True):
    """What news leads to."""

    before: Remembered
    step: Step


@dataclass(frozen=True, slots=True)
class Together:
    """Keeps nothing. Every method raises RedisError and UnconfirmedError: done again, it changes nothing more."""

    memory: Memory
    post: Post
    table: Table

    async def take(self, decisions: Sequence[Decision]) -> list[Taken | None]:
        """Write what each decision changes; None for those that are not simple enough."""
        known = await self._known(decisions)
        taken: list[Taken | None] = []
        claims: dict[int, _Claim] = {}
        for index, decision in enumerate(decisions):
            found = _claims(decision, known)
            taken.append(None if found is None else Taken(decision))
            if found:
                claims[index] = found[0]
        plans = await self._plans(claims)
        changes = {index: change for index, plan in plans.items() if (change := _change(plan))}
        await self.memory.see_all_monitors(
            [
                (plan.step.operation.station, plan.step.monitors)
                for plan in plans.values()
                if plan.step.monitors
            ]
        )
        now = time.time()
        written = dict(zip(changes, await self.memory.commit_all([*changes.values()], now), strict=True))
        for index in claims:
            if index not in plans or not written.get(index, True):  # somebody else has just moved it on
                taken[index] = None
            elif change := changes.get(index):
                _say_moved(plans[index].before.operation, change.operation)
                metrics.ended(plans[index].step.final, change.operation.begun)
                taken[index] = Taken(decisions[index], change)
        return taken

    async def finish(self, taken: Sequence[Taken]) -> None:
        """Tell what there is to tell, and then give the answers; raises, once all are through, the first error.

        An event that the broker is slow to confirm, or does not, because of who listens to it, holds up its own record.
        """
        ready = [each for each in taken if not _tells(each)]
        telling = {asyncio.create_task(self._tell(each)): each for each in taken if _tells(each)}
        left = set(telling)
        failures: list[BaseException] = []
        try:
            while ready or left:
                if left:
                    done, left = await asyncio.wait(left, timeout=SLOW_SECONDS)
                    ends = [(each, task.exception()) for task, each in telling.items() if task in done]
                    ready += [each for each, error in ends if error is None]
                    failures += [error for _, error in ends if error is not None]
                await self._told(ready)
                ready = []
        finally:
            for task in left:
                task.cancel()
        if failures:
            raise failures[0]

    async def _tell(self, taken: Taken) -> None:
        if change := taken.change:
            await self.post.tell(change.told, change.operation.reply_to)
        await self.post.tell(letters(taken.decision.events))

    async def _told(self, taken: Sequence[Taken]) -> None:
        changes = [each.change for each in taken if each.change]
        await self.memory.mark_all_sent(
            [(change.operation, change.told) for change in changes if change.told]
        )
        ended = [change.operation for change in changes if change.operation.ended]
        await self.memory.none_wakes([(operation.station, operation.id) for operation in ended])
        await self.answer([each.decision for each in taken])

    async def answer(self, decisions: Sequence[Decision]) -> None:
        """Give each station its answer; raises, once all are through, that one was not confirmed."""
        sent = [
            (decision, self.post.order(decision.node, decision.answer))
            for decision in decisions
            if decision.answer is not None and decision.node is not None
        ]
        failure: UnconfirmedError | None = None
        for decision, confirmed in sent:
            try:
                await confirmed
            except UnroutableError:  # the gateway went, and the station's connection with it
                log.info("answer_unroutable", station=decision.station, node=decision.node)
            except UnconfirmedError as error:
                failure = error
        if failure:
            raise failure

    async def _known(self, decisions: Sequence[Decision]) -> Mapping[Request, str | None]:
        """Which commands the requests stand for that are meant."""
        requests = [
            (decision.station, *name)
            for decision in decisions
            for inform in decision.informs
            if (name := inform.named)
        ]
        return dict(zip(requests, await self.memory.find_requests(requests), strict=True))

    async def _plans(self, claims: Mapping[int, _Claim]) -> dict[int, _Plan]:
        """What the news leads to, where that is simple."""
        found = await self.memory.find_all([claim.name for claim in claims.values()])
        there = {index: each for index, each in zip(claims, found, strict=True) if each and _is_open(each)}
        items = await self._with_parts({index: claims[index] for index in there})
        plans = {
            index: _Plan(before, self.table.advance(before.operation, items[index]))
            for index, before in there.items()
        }
        plans = await self._gathered({index: plan for index, plan in plans.items() if _is_simple(plan)})
        if any(plan.step.final for plan in plans.values()):
            store = await self.memory.origin.store()
            # In a Redis that fell, an end may have been told that is not on record.
            return {
                index: plan
                for index, plan in plans.items()
                if not plan.step.final or plan.before.operation.store == store
            }
        return plans

    async def _gathered(self, plans: dict[int, _Plan]) -> dict[int, _Plan]:
        """The plans, with all parts for those that need them."""
        needing = {index: plan for index, plan in plans.items() if plan.step.gather}
        all_parts = await self.memory.all_parts(
            [(plan.before.operation, plan.step.keep) for plan in needing.values()]
        )
        return plans | {
            index: replace(plan, step=plan.step.with_all(parts))
            for (index, plan), parts in zip(needing.items(), all_parts, strict=True)
        }

    async def _with_parts(self, claims: Mapping[int, _Claim]) -> dict[int, news.News]:
        """The news, with what is known of parts of reports already."""
        items = {index: claim.item for index, claim in claims.items()}
        parts = {index: item for index, item in items.items() if isinstance(item, news.PartCame)}
        known = await self.memory.known_parts(
            [(claims[index].name, item.part) for index, item in parts.items()]
        )
        for (index, item), (first, repeated) in zip(parts.items(), known, strict=True):
            items[index] = replace(item, known=first, repeated=repeated)
        return items


def _claims(decision: Decision, known: Mapping[Request, str | None]) -> list[_Claim] | None:
    """At most one operation that the decision has news for; None where there may be more to it."""
    if decision.connects or decision.accepts or decision.severities or decision.forgets_monitors:
        return None
    claims: list[_Claim] = []
    for inform in decision.informs:
        command_id = known[decision.station, *name] if (name := inform.named) else inform.tag
        if command_id is None:
            if inform.assumed or inform.unclaimed is not nothing:
                return None
        elif inform.family or claims:
            return None
        else:
            claims.append(_Claim(inform.news, (decision.station, command_id)))
    return claims


def _tells(taken: Taken) -> bool:
    return bool(taken.decision.events or (taken.change and taken.change.told))


def _is_open(remembered: Remembered) -> bool:
    return not (remembered.unsent or remembered.operation.ended or remembered.operation.waits)


def _is_simple(plan: _Plan) -> bool:
    step, before = plan.step, plan.before.operation
    if step.supersedes or step.asks or step.operation.waits:
        return False
    if step.operation == before and not step.gather:
        return not step.events
    return bool(step.operation.ended or step.gather) or step.operation.wake_at == before.wake_at


def _change(plan: _Plan) -> Change | None:
    step, before = plan.step, plan.before
    if step.operation == before.operation:
        return None
    final = letter(step.final.for_later()) if step.final else None
    return Change(step.operation, letters(step.events), before.revision, step.keep, final)


def _say_moved(before: Operation, after: Operation) -> None:
    if after.state != before.state:
        log.info("operation_moved", station=after.station, command_id=after.id, state=after.state.value)
