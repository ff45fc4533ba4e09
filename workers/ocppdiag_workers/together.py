"""What a batch of records asks for is done together: one look-up, one write, and all answers in one message.

It takes what is simple: news for one operation at most, which changes and asks for nothing that anybody else is
concerned with. That is nearly everything that stations say. The rest is left with nothing done.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from msgspec import Struct
from msgspec.structs import replace

from ocppdiag_amqp import UnconfirmedError, UnroutableError
from ocppdiag_workers import steps
from ocppdiag_workers.decide import Decision
from ocppdiag_workers.letters import letters
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.news import PartCame
from ocppdiag_workers.post import Post
from ocppdiag_workers.records import PATIENCE_SECONDS, Change, Name, Request
from ocppdiag_workers.simple import Known, Matched, Plan, matches
from ocppdiag_workers.table import Table

log = structlog.get_logger()

SLOW_SECONDS = 1.0
"""After so long, who has been told is answered, and who has not is waited for apart."""


class Taken(Struct, frozen=True):
    """A decision of which everything is written, and which is still to be told and answered."""

    decision: Decision
    change: Change | None = None
    behind: bool = False
    """Somebody is still telling what came before: the alarm is left to see to it."""


@dataclass(frozen=True, slots=True)
class Together:
    """Keeps nothing. Every method raises RedisError and UnconfirmedError: done again, it changes nothing more."""

    memory: Memory
    post: Post
    table: Table

    async def take(self, decisions: Sequence[Decision]) -> list[Taken | None]:
        """Write what each decision changes; None for those that are not simple enough."""
        known = await self._known(decisions)
        now = time.time()
        taken: list[Taken | None] = []
        matched: list[Matched] = []
        for index, decision in enumerate(decisions):
            found = matches(index, decision, known)
            matched += found or ()
            taken.append(None if found is None or found else Taken(decision))
        plans = await self._plans([each for each in matched if each.is_open(now)])
        await self.memory.see_all_monitors(
            [
                (plan.matched.before.operation.station, plan.step.monitors)
                for plan in plans
                if plan.step.monitors
            ]
        )
        behind = [plan.matched.name for plan in plans if plan.matched.before.unsent]
        await self.memory.all_wake_by(behind, now + PATIENCE_SECONDS)
        changes = [(plan, plan.change) for plan in plans]
        written = iter(await self.memory.commit_all([change for _, change in changes if change], now))
        for plan, change in changes:
            each, decision = plan.matched, decisions[plan.matched.index]
            if change is None:
                taken[each.index] = Taken(decision)
            elif next(written):  # else somebody else has just moved it on
                steps.recorded(each.before.operation, plan.step, each.item, now)
                taken[each.index] = Taken(decision, change, bool(each.before.unsent))
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
        changes = [(each.change, each.behind) for each in taken if each.change]
        await self.memory.mark_all_sent(
            [(change.operation, change.told) for change, _ in changes if change.told]
        )
        over = [change.operation for change, behind in changes if change.operation.ended and not behind]
        await self.memory.none_wakes([(operation.station, operation.id) for operation in over])
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

    async def _plans(self, matched: Sequence[Matched]) -> list[Plan]:
        """What the news leads to, where that is simple."""
        plans = [
            Plan(each, self.table.advance(each.before.operation, each.item))
            for each in await self._with_parts(matched)
        ]
        plans = await self._gathered([plan for plan in plans if plan.is_simple])
        if any(plan.step.final for plan in plans):
            store = await self.memory.origin.store()
            # In a Redis that fell, an end may have been told that is not on record.
            return [
                plan for plan in plans if not plan.step.final or plan.matched.before.operation.store == store
            ]
        return plans

    async def _gathered(self, plans: list[Plan]) -> list[Plan]:
        """The plans, with all parts for those that need them."""
        needing = [(plan.matched.before.operation, plan.step.keep) for plan in plans if plan.step.gather]
        parts = iter(await self.memory.all_parts(needing))
        return [
            replace(plan, step=plan.step.with_all(next(parts))) if plan.step.gather else plan
            for plan in plans
        ]

    async def _with_parts(self, matched: Sequence[Matched]) -> list[Matched]:
        """The news, with what is known of parts of reports already."""
        parts = [(each.name, each.item.part) for each in matched if isinstance(each.item, PartCame)]
        known = iter(await self.memory.known_parts(parts))
        return [each.with_known(known) for each in matched]


def _tells(taken: Taken) -> bool:
    return bool(taken.decision.events or (taken.change and taken.change.told))
