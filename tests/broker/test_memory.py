"""Operations in a real Redis: created once, changed in turn, told until confirmed, and found."""

import asyncio
from collections import Counter

import pytest
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandSent, Outcome
from ocppdiag_contracts.model import MAX_INTEGER
from ocppdiag_local.services import Services
from ocppdiag_redis import Directory, Pipelined, keys
from ocppdiag_workers.letters import Letter, letter
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Ending, Operation, State, instant, settle
from ocppdiag_workers.records import COUNTED_MS, KEPT_MS

EVERY_REDIS = True
NOW = 1_800_000_000.0
DUE_IN = 900.0


@pytest.fixture
def memory(redis: Pipelined) -> Memory:
    return Memory(redis)


@pytest.fixture
def operation(station: str) -> Operation:
    return make(station, "c-1", 17)


def make(station: str, command_id: str, request_id: int) -> Operation:
    command = GetLog(id=command_id, station=station)
    return Operation(
        id=command_id,
        station=station,
        name="get_log",
        family="log",
        request_id=request_id,
        command=Raw(command.model_dump_json().encode()),
        reply_to=None,
        due=NOW + DUE_IN,
        wake_at=NOW + DUE_IN,
        node="node",
        epoch=1,
        version="ocpp2.0.1",
        details=Raw(b"{}"),
    )


def event(operation: Operation, step: str) -> Letter:
    event_id, station = operation.event_id(step), operation.station
    return letter(CommandSent(id=event_id, time=instant(NOW), station=station, command_id=operation.id))


def end(operation: Operation, outcome: Outcome = Outcome.COMPLETED) -> tuple[Operation, Letter]:
    step = settle(operation, Ending(outcome, NOW))
    return step.operation, letter(step.events[0])


async def test_an_operation_is_read_as_it_was_written(memory: Memory, operation: Operation) -> None:
    assert await memory.find(operation.station, operation.id) is None
    told = event(operation, "a")
    assert await memory.commit(operation, (told,), 0, NOW)
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert found.operation == operation
    assert (found.revision, found.unsent) == (1, (told,))
    assert await memory.final(operation.station, operation.id) is None
    assert bytes(found.operation.command) == bytes(operation.command)


async def test_of_twenty_that_create_at_once_one_does(
    services: Services, memory: Memory, operation: Operation
) -> None:
    clients = [Pipelined.from_url(services.redis_url) for _ in range(20)]
    done = await asyncio.gather(
        *(
            Memory(client).commit(replace(operation, request_id=number), (), 0, NOW)
            for number, client in enumerate(clients)
        )
    )
    await asyncio.gather(*(client.aclose() for client in clients))
    assert Counter(done) == {True: 1, False: 19}
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert (found.operation.request_id, found.revision) == (done.index(True), 1)


async def test_who_read_an_older_revision_changes_nothing(memory: Memory, operation: Operation) -> None:
    assert await memory.commit(operation, (), 0, NOW)
    sent = replace(operation, state=State.SENT)
    assert await memory.commit(sent, (event(operation, "sent"),), 1, NOW)
    accepted = replace(operation, state=State.ACCEPTED)
    for stale in (0, 1, 3):
        assert not await memory.commit(accepted, (event(operation, "wrong"),), stale, NOW)
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert (found.operation, found.revision) == (sent, 2)
    assert [unsent.id for unsent in found.unsent] == [operation.event_id("sent")]


async def test_every_step_of_many_writers_is_counted(memory: Memory, operation: Operation) -> None:
    await memory.commit(operation, (), 0, NOW)

    async def add_one() -> None:
        while found := await memory.find(operation.station, operation.id):
            more = replace(found.operation, epoch=found.operation.epoch + 1)
            if await memory.commit(more, (), found.revision, NOW):
                return

    await asyncio.gather(*(add_one() for _ in range(20)))
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert (found.operation.epoch, found.revision) == (operation.epoch + 20, 21)


async def test_an_event_is_kept_until_it_is_marked_as_sent_and_the_final_one_stays_readable(
    memory: Memory, operation: Operation
) -> None:
    first, second = event(operation, "a"), event(operation, "b")
    await memory.commit(operation, (first, second), 0, NOW)
    await memory.mark_sent(operation, (first,))
    third, kept, (ended, final) = event(operation, "c"), event(operation, "kept"), end(operation)
    await memory.commit(ended, (third, final), 1, NOW, final=kept)
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert sorted(found.unsent, key=lambda each: each.id) == [second, third, final]
    await memory.mark_sent(operation, (second, third, final))
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert (found.unsent, found.operation.ended) == ((), True)
    assert await memory.final(operation.station, operation.id) == kept


async def test_request_ids_are_unique_and_grow(memory: Memory, station: str) -> None:
    ids = await asyncio.gather(*(memory.next_request_id(station) for _ in range(200)))
    assert sorted(ids) == list(range(min(ids), min(ids) + 200))
    assert 1 <= ids[0] <= MAX_INTEGER // 2


@pytest.mark.parametrize("lost", ["all", "the last second"])
async def test_request_ids_go_on_growing_when_redis_has_lost_the_last_ones(
    redis: Pipelined, memory: Memory, station: str, lost: str
) -> None:
    first, last = [await memory.next_request_id(station) for _ in range(2)]
    if lost == "all":
        await redis.run("DEL", keys.request_ids(station))
    else:
        await redis.run("SET", keys.request_ids(station), first)
    await asyncio.sleep(2.1)  # more seconds than there were requests
    assert last < await memory.next_request_id(station) < last + 60


async def test_request_ids_begin_again_at_one_after_the_largest(
    redis: Pipelined, memory: Memory, station: str
) -> None:
    await redis.run("SET", keys.request_ids(station), MAX_INTEGER - 2)
    ids = [await memory.next_request_id(station) for _ in range(4)]
    assert ids[:3] == [MAX_INTEGER - 1, MAX_INTEGER, 1]
    assert 1 < ids[3] < MAX_INTEGER


async def test_request_ids_outlive_the_connection_and_say_nothing_about_it(
    redis: Pipelined, memory: Memory, station: str
) -> None:
    first = await memory.next_request_id(station)
    directory = Directory(redis)
    assert not await directory.knows(station)
    lease, _ = await directory.acquire(station, "node", "c", "ocpp2.0.1")
    await directory.release(lease)
    assert first < await memory.next_request_id(station) < first + 60


async def test_an_operation_is_found_by_its_request(memory: Memory, operation: Operation) -> None:
    station = operation.station
    requests = (
        (station, "report", 17),
        (station, "log", 17),
        (station, "log", 18),
        (f"{station}x", "log", 17),
    )
    assert await memory.find_requests(requests) == [None, None, None, None]
    await memory.commit(operation, (), 0, NOW)
    assert await memory.find_requests(requests) == [None, operation.id, None, None]
    assert await memory.find_requests(()) == []


async def test_only_what_has_not_ended_is_open(memory: Memory, station: str) -> None:
    one, two = make(station, "c-1", 1), make(station, "c-2", 2)
    assert await memory.open_operations(station) == []
    await memory.commit(one, (), 0, NOW)
    await memory.commit(two, (), 0, NOW)
    assert sorted(await memory.open_operations(station)) == ["c-1", "c-2"]
    ended, final = end(one, Outcome.FAILED)
    await memory.commit(ended, (final,), 1, NOW, final=final)
    assert await memory.open_operations(station) == ["c-2"]


async def test_everything_that_workers_write_ends_by_itself(
    redis: Pipelined, memory: Memory, station: str
) -> None:
    await memory.next_request_id(station)
    short = make(station, "c-1", 1)
    long = replace(make(station, "c-2", 2), due=NOW + 7 * 86400)
    for operation in (long, short):  # the shorter one must not shorten what they share
        await memory.commit(operation, (event(operation, "a"),), 0, NOW)
    kept = {
        keys.operation(station, "c-1"): DUE_IN * 1000 + KEPT_MS,
        keys.operation(station, "c-2"): 7 * 86_400_000 + KEPT_MS,
        keys.request(station, "log", 1): DUE_IN * 1000 + KEPT_MS,
        keys.request(station, "log", 2): 7 * 86_400_000 + KEPT_MS,
        keys.open_operations(station): 7 * 86_400_000 + KEPT_MS,
        keys.request_ids(station): COUNTED_MS,
    }
    found = await redis.run("KEYS", f"ocppdiag:{{{station}}}:*")
    assert {key.decode() for key in found} == set(kept)
    for key, milliseconds in kept.items():
        left = await redis.run("PTTL", key)
        assert milliseconds - 10_000 < left <= milliseconds, key
    ended, final = end(short)
    await memory.commit(ended, (final,), 1, NOW, final=final)
    for key in (keys.operation(station, "c-1"), keys.final(station, "c-1")):
        left = await redis.run("PTTL", key)
        assert KEPT_MS - 10_000 < left <= KEPT_MS, key
