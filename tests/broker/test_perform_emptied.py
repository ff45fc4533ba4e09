"""Two copies of a command, and a Redis that is emptied while the second is at its beginning: there is one beginning."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from emptied import emptied
from msgspec import structs
from stage import Stage, kinds

from ocppdiag_amqp import Journal
from ocppdiag_contracts.events import Outcome
from ocppdiag_local.services import Services
from ocppdiag_workers.ends import Ends, Found
from ocppdiag_workers.operation import State


class Overtaken(Ends):
    """Has something happen once the journal was read for the first time."""

    def __init__(self, journal: Journal, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(journal)
        self._meanwhile: Callable[[], Awaitable[None]] | None = meanwhile

    async def found(self, station: str, command_id: str, since: float) -> Found:
        found = await super().found(station, command_id, since)
        if meanwhile := self._meanwhile:
            self._meanwhile = None
            await meanwhile()
        return found


@pytest.fixture
async def anew(stage: Stage, services: Services) -> AsyncIterator[Stage]:
    """The stage with a worker whose Redis is empty, and may be emptied."""
    async with emptied(stage, services) as (performer, redis):
        stage.performer, stage.redis, stage.memory = performer, redis, performer.memory
        yield stage


async def test_a_copy_that_was_overtaken_by_a_whole_command_and_its_loss_tells_its_end_again(
    anew: Stage,
) -> None:
    wish, performer = anew.wish(due_in=600), anew.performer

    async def ends_and_is_lost() -> None:
        await anew.begun(wish)
        await anew.tell(anew.errored(wish, "InternalError", "a fault of its own"))
        await anew.redis.run("FLUSHDB")
        await anew.connect()

    late = replace(performer, ends=Overtaken(performer.ends._journal, ends_and_is_lost))
    await late.command(wish, wish.model_dump_json(exclude_none=True).encode(), None)
    events = await anew.events()
    assert len(await anew.calls()) == 1
    told = [event for event in events if event.event == "command_settled"]
    assert told
    assert all(event == told[0] for event in told)
    assert told[0].outcome is Outcome.FAILED
    assert kinds(events).count("command_queued") == 1


async def test_what_was_written_into_another_redis_than_was_looked_at_is_as_if_it_had_not_been(
    anew: Stage,
) -> None:
    redis, memory = anew.redis, anew.memory
    wish = await anew.begun()
    known = (await anew.remembered(wish)).operation
    before = sorted(await redis.run("KEYS", "*"))
    operation = structs.replace(known, id="another", request_id=known.request_id + 1, state=State.WAITING)
    since, now = await memory.origin.since(), time.time()
    assert not await memory.begin(operation, (), since - 1, now)
    assert sorted(await redis.run("KEYS", "*")) == before
    assert await memory.open_operations(anew.station) == [wish.id]
    assert await memory.begin(operation, (), since, now)
    assert await memory.waiting(anew.station, 9) == [operation.id]
    assert await memory.commit(structs.replace(operation, state=State.QUEUED), (), 1, now)
    await memory.forget(operation)
    assert await memory.find(anew.station, operation.id), "somebody has taken it up"
