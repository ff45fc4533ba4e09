"""What a batch of records asks for is done together: one look-up, one write, and all answers in one message.

It takes what is simple: news for one operation at most, which changes and asks for nothing that anybody else is
concerned with. That is nearly everything that stations say. The rest is left with nothing done.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from msgspec import Struct
from msgspec.structs import replace

from ocppdiag_amqp import UnconfirmedError, UnroutableError
from ocppdiag_workers import news
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.feature import nothing
from ocppdiag_workers.letters import letter, letters
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Operation, Step
from ocppdiag_workers.parts import Part
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
    """News for an open operation; `index` is that of the decision it comes from."""

    index: int
    before: Remembered
    item: news.News


class _Plan(Struct, frozen=True):
    """What news leads to."""

    index: int
    before: Remembered
    step: Step


Known = Mapping[Request | Name, Remembered | None]
"""The operations that news is for, by their requests and by their names."""


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
        claims: list[_Claim] = []
        for index, decision in enumerate(decisions):
            found = _claims(index, decision, known)
            claims += found or ()
            taken.append(None if found is None or found else Taken(decision))
        changes = [(plan, _change(plan)) for plan in await self._plans(claims)]
        await self.memory.see_all_monitors(
            [(plan.step.operation.station, plan.step.monitors) for plan, _ in changes if plan.step.monitors]
        )
        to_write = [change for _, change in changes if change]
        written = iter(await self.memory.commit_all(to_write, time.time()))
        for plan, change in changes:
            if change is None:
                taken[plan.index] = Taken(decisions[plan.index])
            elif next(written):  # else somebody else has just moved it on
                _say_moved(plan.before.operation, change.operation)
                taken[plan.index] = Taken(decisions[plan.index], change)
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

    async def _known(self, decisions: Sequence[Decision]) -> Known:
        """Look up all operations that the decisions have news for."""
        informs = [(decision.station, inform) for decision in decisions for inform in decision.informs]
        requests = [(station, *name) for station, inform in informs if (name := inform.named)]
        asked = dict(zip(requests, await self.memory.find_requests(requests), strict=True))
        meant: dict[Request | Name, Name] = {
            request: (request[0], command_id) for request, command_id in asked.items() if command_id
        }
        meant |= {
            (station, inform.tag): (station, inform.tag)
            for station, inform in informs
            if inform.tag and not inform.named
        }
        return dict(zip(meant, await self.memory.find_all([*meant.values()]), strict=True))

    async def _plans(self, claims: Sequence[_Claim]) -> list[_Plan]:
        """What the news leads to, where that is simple."""
        plans = [
            _Plan(claim.index, claim.before, self.table.advance(claim.before.operation, claim.item))
            for claim in await self._with_parts([claim for claim in claims if _is_open(claim.before)])
        ]
        plans = await self._gathered([plan for plan in plans if _is_simple(plan)])
        if any(plan.step.final for plan in plans):
            store = await self.memory.origin.store()
            # In a Redis that fell, an end may have been told that is not on record.
            return [plan for plan in plans if not plan.step.final or plan.before.operation.store == store]
        return plans

    async def _gathered(self, plans: list[_Plan]) -> list[_Plan]:
        """The plans, with all parts for those that need them."""
        needing = [(plan.before.operation, plan.step.keep) for plan in plans if plan.step.gather]
        parts = iter(await self.memory.all_parts(needing))
        return [
            replace(plan, step=plan.step.with_all(next(parts))) if plan.step.gather else plan
            for plan in plans
        ]

    async def _with_parts(self, claims: list[_Claim]) -> list[_Claim]:
        """The news, with what is known of parts of reports already."""
        coming = [
            (_name(claim), claim.item.part) for claim in claims if isinstance(claim.item, news.PartCame)
        ]
        known = iter(await self.memory.known_parts(coming))
        return [_with_known(claim, known) for claim in claims]


def _name(claim: _Claim) -> Name:
    return claim.before.operation.station, claim.before.operation.id


def _with_known(claim: _Claim, known: Iterator[tuple[Part | None, bool]]) -> _Claim:
    if not isinstance(claim.item, news.PartCame):
        return claim
    first, repeated = next(known)
    return replace(claim, item=replace(claim.item, known=first, repeated=repeated))


def _claims(index: int, decision: Decision, known: Known) -> list[_Claim] | None:
    """At most one operation that the decision has news for; None where there may be more to it."""
    if decision.connects or decision.accepts or decision.severities or decision.forgets_monitors:
        return None
    claims: list[_Claim] = []
    for inform in decision.informs:
        name = inform.named or ((inform.tag,) if inform.tag else None)
        before = known.get((decision.station, *name)) if name else None
        if before is None:
            if inform.assumed or inform.unclaimed is not nothing:
                return None
        elif inform.family or claims:
            return None
        else:
            claims.append(_Claim(index, before, inform.news))
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
