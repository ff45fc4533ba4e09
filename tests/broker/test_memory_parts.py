"""Parts and monitors in a real Redis: laid down with the step that they cause, and gone with the end."""

import asyncio

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from ocppdiag_contracts.commands import CustomerInformation
from ocppdiag_contracts.events import CustomerReport, Outcome
from ocppdiag_local.services import Services
from ocppdiag_redis import Pipelined, keys
from ocppdiag_workers.letters import letter, letters
from ocppdiag_workers.memory import Memory
from ocppdiag_workers.operation import Ending, MonitorsSeen, Operation, State, settle
from ocppdiag_workers.parts import Part
from ocppdiag_workers.records import COUNTED_MS, KEPT_MS, Change

EVERY_REDIS = True

NOW = 1_800_000_000.0
SECRET = "hunter2"


@pytest.fixture
def memory(redis: Pipelined) -> Memory:
    return Memory(redis)


@pytest.fixture
def operation(station: str) -> Operation:
    command = CustomerInformation(id="c-1", station=station, report=True, customer_identifier=SECRET)
    return Operation(
        id="c-1",
        station=station,
        name="customer_information",
        family="customer",
        request_id=17,
        command=Raw(command.model_dump_json(exclude_none=True).encode()),
        reply_to="me",
        due=NOW + 900,
        wake_at=NOW + 900,
        node="node",
        epoch=1,
        version="ocpp2.0.1",
        details=Raw(b"{}"),
    )


def part(number: int, text: str, *, tbc: bool = True, arrival: int = 0) -> Part:
    return Part(number, tbc, Raw(msgspec.json.encode(text)), arrival)


async def laid(memory: Memory, operation: Operation, *parts: Part) -> int:
    """Commit the operation with each part in turn; the revision after that."""
    for revision, item in enumerate(parts):
        assert await memory.commit_all([Change(operation, (), revision, keep=item)], NOW) == [True]
    return len(parts)


def as_a_set(parts: tuple[Part, ...]) -> set[tuple[int, bool, bytes, int]]:
    return {(item.seq_no, item.tbc, bytes(item.body), item.arrival) for item in parts}


async def test_parts_are_read_as_they_were_laid_down(memory: Memory, operation: Operation) -> None:
    assert await memory.parts(operation, None) == ()
    kept = [part(number, f"text \u00fc {number}", tbc=number < 2, arrival=number) for number in range(3)]
    await laid(memory, operation, *kept)
    assert as_a_set(await memory.parts(operation, None)) == as_a_set(tuple(kept))
    newest = part(3, "x")
    assert as_a_set(await memory.parts(operation, newest)) == as_a_set((*kept, newest))


async def test_the_first_under_a_number_stays_and_another_lies_beside_it(
    redis: Pipelined, memory: Memory, operation: Operation
) -> None:
    first, second, third = part(0, "a"), part(0, "b", arrival=1), part(0, "a", tbc=False, arrival=2)
    await laid(memory, operation, first, second, third)
    fields = await redis.run("HKEYS", keys.parts(operation.station, operation.id))
    assert {field.decode() for field in fields} == {"0", f"0/{second.digest}", f"0/{third.digest}"}
    known, _ = await memory.known_part(operation, second)
    assert known == first
    assert as_a_set(await memory.parts(operation, None)) == as_a_set((first, second, third))


async def test_whether_a_part_was_here_before_is_known_of_each_of_them(
    memory: Memory, operation: Operation
) -> None:
    assert await memory.known_part(operation, part(0, "a")) == (None, False)
    first, second = part(0, "a"), part(0, "b", arrival=1)
    await laid(memory, operation, first, second)
    assert await memory.known_part(operation, part(0, "a", arrival=9)) == (first, True)
    assert await memory.known_part(operation, part(0, "b")) == (first, True)
    assert await memory.known_part(operation, part(0, "c")) == (first, False)
    assert await memory.known_part(operation, part(0, "a", tbc=False)) == (first, False)
    assert await memory.known_part(operation, part(1, "a")) == (None, False)


async def test_a_step_that_somebody_else_has_taken_lays_no_part_down(
    memory: Memory, operation: Operation
) -> None:
    await laid(memory, operation, part(0, "a"))
    for stale in (0, 2):
        late = Change(operation, (), stale, keep=part(1, "b"))
        assert await memory.commit_all([late], NOW) == [False]
    assert as_a_set(await memory.parts(operation, None)) == as_a_set((part(0, "a"),))


async def test_of_many_writers_with_one_part_each_none_is_lost(
    services: Services, memory: Memory, operation: Operation
) -> None:
    await memory.commit(operation, (), 0, NOW)
    clients = [Pipelined.from_url(services.redis_url) for _ in range(10)]

    async def lay(client: Pipelined, number: int) -> None:
        own = Memory(client)
        while found := await own.find(operation.station, operation.id):
            more = replace(found.operation, epoch=found.operation.epoch + 1)
            change = Change(more, (), found.revision, keep=part(number, "x"))
            if await own.commit_all([change], NOW) == [True]:
                return

    await asyncio.gather(*(lay(client, number) for number, client in enumerate(clients)))
    await asyncio.gather(*(client.aclose() for client in clients))
    assert {item.seq_no for item in await memory.parts(operation, None)} == set(range(10))


async def test_the_end_takes_the_parts_the_command_and_the_details_along(
    redis: Pipelined, memory: Memory, operation: Operation
) -> None:
    busy = replace(operation, details=Raw(b'{"says":"' + SECRET.encode() + b'"}'))
    revision = await laid(memory, busy, part(0, SECRET))
    result = CustomerReport(parts=1, data=SECRET)
    step = settle(busy, Ending(Outcome.COMPLETED, NOW), result)
    assert step.final
    told = letters(step.events)
    last, final = part(1, SECRET), letter(step.final.for_later())
    assert await memory.commit_all([Change(step.operation, told, revision, last, final)], NOW) == [True]
    assert await redis.run("EXISTS", keys.parts(operation.station, operation.id)) == 0
    found = await memory.find(operation.station, operation.id)
    assert found is not None
    assert (bytes(found.operation.command), bytes(found.operation.details)) == (b"null", b"null")
    assert (found.operation.state, found.operation.reply_to) == (State.COMPLETED, "me")
    assert found.unsent == told, "who has asked is still to be told all of it"
    assert [SECRET.encode() in bytes(each.whole or b"") for each in told] == [True]
    assert await memory.final(operation.station, operation.id) == final
    await memory.mark_sent(step.operation, told)
    left = await redis.run("HGETALL", keys.operation(operation.station, operation.id))
    assert SECRET.encode() not in b"".join(left.values())
    assert SECRET.encode() not in await redis.run("GET", keys.final(operation.station, operation.id))


async def test_parts_end_by_themselves(redis: Pipelined, memory: Memory, operation: Operation) -> None:
    await laid(memory, operation, part(0, "a"))
    left = await redis.run("PTTL", keys.parts(operation.station, operation.id))
    assert 0 <= 900_000 + KEPT_MS - left < 10_000


async def test_severities_are_known_of_monitors_that_were_seen(memory: Memory, station: str) -> None:
    assert await memory.severities(station, ()) == {}
    assert await memory.severities(station, (7,)) == {}
    await memory.see_monitors(station, MonitorsSeen({7: 0, 0: 9, -3: 4}))
    assert await memory.severities(station, (7, 0, -3, 8)) == {7: 0, 0: 9, -3: 4}
    assert await memory.severities(f"{station}x", (7,)) == {}
    await memory.see_monitors(station, MonitorsSeen({7: 5, 0: None, 8: None}))
    assert await memory.severities(station, (7, 0, -3, 8)) == {7: 5, -3: 4}


async def test_all_are_forgotten_at_once_and_those_that_are_there_then_are_known(
    memory: Memory, station: str
) -> None:
    await memory.see_monitors(station, MonitorsSeen({1: 1, 2: 2}))
    await memory.see_monitors(station, MonitorsSeen({3: 3}, all_gone=True))
    assert await memory.severities(station, (1, 2, 3)) == {3: 3}
    await memory.forget_monitors(station)
    assert await memory.severities(station, (1, 2, 3)) == {}


async def test_what_is_known_of_monitors_ends_by_itself(
    redis: Pipelined, memory: Memory, station: str
) -> None:
    await memory.see_monitors(station, MonitorsSeen({1: 1}))
    assert 0 <= COUNTED_MS - await redis.run("PTTL", keys.monitors(station)) < 10_000
    await memory.see_monitors(station, MonitorsSeen())
    await memory.see_monitors(station, MonitorsSeen({1: None}))
    assert await redis.run("EXISTS", keys.monitors(station)) == 0
