"""Group commit: one message per key under way, the rest gathers behind it, and everyone who waits hears the end."""

import asyncio

import pytest
from slow_broker import Wire, confirmed, turns

from ocppdiag_amqp import BrokerError, Lanes, UnconfirmedError
from ocppdiag_amqp.lanes import MOST_BYTES, MOST_RECORDS


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_a_record_on_an_idle_lane_leaves_at_once_and_alone(wire: Wire) -> None:
    done = Lanes(wire.send).put("a", b"1")
    await turns()
    assert wire.batches("a") == [[1]]
    assert not done.done()
    await wire.confirm("a")
    confirmed(done)


async def test_records_of_one_turn_share_a_message(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    for number in range(3):
        lanes.put("a", b"%d" % number)
    await turns()
    assert wire.batches("a") == [[0, 1, 2]]


async def test_at_most_one_message_is_unconfirmed_and_what_arrives_meanwhile_goes_together_in_order(
    wire: Wire,
) -> None:
    lanes = Lanes(wire.send)
    waiting = [lanes.put("a", b"0")]
    for number in range(1, 6):
        await turns()
        waiting.append(lanes.put("a", b"%d" % number))
    await turns()
    assert wire.batches("a") == [[0]]
    await wire.confirm("a")
    assert waiting[0].done()
    assert not any(done.done() for done in waiting[1:])
    assert wire.batches("a") == [[0], [1, 2, 3, 4, 5]]
    await wire.confirm("a")
    assert all(done.done() for done in waiting)


async def test_keys_do_not_wait_for_each_other(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    slow, quick = lanes.put("slow", b"1"), lanes.put("quick", b"2")
    await turns()
    await wire.confirm("quick")
    confirmed(quick)
    lanes.put("quick", b"3")
    await turns()
    assert wire.batches("quick") == [[2], [3]]
    assert not slow.done()


async def test_a_batch_has_at_most_so_many_records(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    numbers = list(range(2 * MOST_RECORDS + 1))
    for number in numbers:
        lanes.put("a", b"%d" % number)
    await turns()
    while "a" in wire.underway:
        await wire.confirm("a")
    batches = wire.batches("a")
    assert [len(batch) for batch in batches] == [MOST_RECORDS, MOST_RECORDS, 1]
    assert [number for batch in batches for number in batch] == numbers


async def test_a_batch_has_at_most_so_many_bytes_except_for_one_record_that_has_more_by_itself(
    wire: Wire,
) -> None:
    lanes = Lanes(wire.send)
    sizes = [MOST_BYTES // 2, MOST_BYTES // 2, 1, MOST_BYTES * 3, 1, MOST_BYTES, 1]
    records = [b"1" * size for size in sizes]
    for record in records:
        lanes.put("a", record)
    await turns()
    while "a" in wire.underway:
        await wire.confirm("a")
    batches = [body[1:-1].split(b",") for _, body in wire.sent]
    assert [[len(record) for record in batch] for batch in batches] == [
        [MOST_BYTES // 2, MOST_BYTES // 2], [1], [MOST_BYTES * 3], [1], [MOST_BYTES], [1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "error", [BrokerError("down"), UnconfirmedError("slow"), ValueError("a key too long")]
)
async def test_what_sending_raises_reaches_exactly_the_batch_that_it_befell(
    wire: Wire, error: Exception
) -> None:
    lanes = Lanes(wire.send)
    first = [lanes.put("a", b"1"), lanes.put("a", b"2")]
    other = lanes.put("b", b"9")
    await turns()
    second = lanes.put("a", b"3")
    await wire.confirm("a", error)
    for done in first:
        assert done.done()
        assert done.exception() is error
    assert not second.done()
    await wire.confirm("a")
    await wire.confirm("b")
    confirmed(second)
    confirmed(other)
    assert wire.batches("a") == [[1, 2], [3]]


async def test_who_stops_waiting_does_not_disturb_the_others(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    impatient, patient = lanes.put("a", b"1"), lanes.put("a", b"2")
    await turns()
    impatient.cancel()
    await wire.confirm("a")
    confirmed(patient)
    assert impatient.cancelled()


async def test_a_lane_is_gone_when_it_is_drained_and_comes_back_when_it_is_needed(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    for number in (1, 2):
        done = lanes.put("a", b"%d" % number)
        await turns()
        assert list(lanes._lanes) == ["a"]
        await wire.confirm("a")
        confirmed(done)
        assert not lanes._lanes
        assert not lanes._tasks
    assert wire.batches("a") == [[1], [2]]


async def test_a_lane_is_gone_after_an_unexpected_error_too(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    done = lanes.put("a", b"1")
    await turns()
    await wire.confirm("a", ZeroDivisionError())
    assert done.done()
    assert isinstance(done.exception(), ZeroDivisionError)
    assert not lanes._lanes


async def test_drained_waits_for_all_lanes_and_for_what_is_put_meanwhile(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    lanes.put("a", b"1")
    await turns()
    drained = asyncio.create_task(lanes.drained())
    lanes.put("b", b"2")
    await wire.confirm("a")
    await turns()
    assert not drained.done()
    await wire.confirm("b")
    assert drained.done()
    async with asyncio.timeout(1):
        await lanes.drained()  # at once when nothing is there


async def test_who_does_not_wait_is_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocppdiag_amqp.lanes.MOST_WAITING_BYTES", 2)
    lanes = Lanes(wire.send)
    told: list[tuple[str, Exception | None]] = []
    lanes.post("a", b"1", lambda error: told.append(("first", error)))
    await turns()
    lanes.post("a", b"2", lambda error: told.append(("second", error)))
    lanes.post("a", b"3", lambda error: told.append(("too much", error)))
    assert [(name, type(error)) for name, error in told] == [("too much", UnconfirmedError)]
    await wire.confirm("a")
    await wire.confirm("a", error := BrokerError("down"))
    assert told[1:] == [("first", None), ("second", error)]
