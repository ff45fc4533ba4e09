"""Who stands in line for a station, who may send them out, and alarms that are not put off: in a real Redis."""

import asyncio
from itertools import count

import pytest
from msgspec import Raw
from msgspec.structs import replace
from operations import begun

from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_redis import Pipelined, keys
from ocppdiag_workers.memory import HELD_MS, Memory
from ocppdiag_workers.operation import Operation, State

EVERY_REDIS = True

NOW = 1_800_000_000.0
numbers = count()


@pytest.fixture
def memory(redis: Pipelined) -> Memory:
    return Memory(redis)


def waiting(station: str, at: float) -> Operation:
    command = SetMonitoringLevel(id=f"c-{next(numbers)}", station=station, severity=1)
    made = replace(begun(command), station=station, begun=NOW + at, due=NOW + 900, waits=1)
    return replace(made, state=State.WAITING)


async def test_they_stand_in_the_order_in_which_they_were_begun_to_the_microsecond(
    memory: Memory, station: str
) -> None:
    many = [waiting(station, number / 1e6) for number in range(20)]
    await asyncio.gather(*(memory.commit(each, (), 0, NOW) for each in reversed(many)))
    assert await memory.waiting(station, 99) == [each.id for each in many]
    assert await memory.waiting(station, 3) == [each.id for each in many[:3]]


@pytest.mark.parametrize(
    ("state", "stands"),
    [
        (State.WAITING, True),
        (State.QUEUED, True),
        (State.SENT, False),
        (State.ACCEPTED, False),
        (State.COMPLETED, False),
        (State.CANCELLED, False),
    ],
)
async def test_who_has_not_left_yet_keeps_its_place(
    memory: Memory, station: str, state: State, *, stands: bool
) -> None:
    operation = waiting(station, 0)
    assert await memory.commit(operation, (), 0, NOW)
    moved = replace(operation, state=state, command=Raw(b"null"))
    assert await memory.commit(moved, (), 1, NOW)
    assert await memory.waiting(station, 9) == ([operation.id] if stands else [])


async def test_one_at_a_time_sends_them_out_and_not_for_ever(
    memory: Memory, redis: Pipelined, station: str
) -> None:
    assert await memory.hold_waiting(station, "one")
    assert await memory.hold_waiting(station, "one"), "the same again, when a reply was lost"
    assert not await memory.hold_waiting(station, "two")
    assert 0 < await redis.run("PTTL", keys.releasing(station)) <= HELD_MS
    await memory.free_waiting(station, "two")
    assert not await memory.hold_waiting(station, "two"), "nobody lets go for another"
    await memory.free_waiting(station, "one")
    assert await memory.hold_waiting(station, "two")


async def test_an_alarm_may_be_brought_forward_and_is_not_put_off(
    memory: Memory, redis: Pipelined, station: str
) -> None:
    async def alarm() -> float | None:
        score = await redis.run("ZSCORE", keys.DEADLINES, f'["{station}","c-1"]')
        return float(score) if score else None

    for at, then in ((NOW, NOW), (NOW - 5, NOW - 5), (NOW + 5, NOW - 5)):
        await memory.wake_by(station, "c-1", at)
        assert await alarm() == then
    await memory.wake_later(station, "c-1", NOW + 9)
    assert await alarm() == NOW + 9
    await memory.wake_never(station, "c-1")
