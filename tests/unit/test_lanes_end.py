"""Group commit: what is not sent any more, and who hears of that."""

import asyncio

import pytest
from slow_broker import Wire, confirmed, turns
from structlog.testing import capture_logs

from ocppdiag_amqp import Lanes, UnconfirmedError, close_lanes


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_all_lanes_together_hold_so_much_and_more_is_refused_at_once(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocppdiag_amqp.lanes.MOST_WAITING_BYTES", 10)
    lanes = Lanes(wire.send)
    held = [lanes.put(key, b"123") for key in ("a", "b", "c")]
    await turns()
    refused = lanes.put("d", b"45")
    assert isinstance(refused.exception(), UnconfirmedError)
    held.append(lanes.put("d", b"4"))  # what is unconfirmed counts, whether it waits or is under way
    assert lanes.put("a", b"5").exception()
    await wire.confirm("a")
    held.append(lanes.put("a", b"123"))
    await turns()
    for key in ("a", "b", "c", "d"):
        await wire.confirm(key)
    for done in held:
        confirmed(done)
    assert (lanes._records, lanes._bytes) == (0, 0)


async def test_a_record_whose_turn_does_not_come_in_time_is_given_up_and_those_after_it_go_on(
    wire: Wire,
) -> None:
    lanes = Lanes(wire.send, patience=0.2)
    first = lanes.put("a", b"1")
    await turns()
    late = lanes.put("a", b"2")
    await asyncio.sleep(0.15)
    fresh = lanes.put("a", b"3")
    await asyncio.sleep(0.1)
    await wire.confirm("a")
    confirmed(first)  # it had its turn: how long that may take is for who sends to say
    assert isinstance(late.exception(), UnconfirmedError)
    await wire.confirm("a")
    confirmed(fresh)
    assert wire.batches("a") == [[1], [3]]
    assert (lanes._records, lanes._bytes) == (0, 0)


async def test_closing_waits_for_confirms_and_then_gives_up_and_counts_what_has_none(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    quick = lanes.put("quick", b"1")
    stuck = [lanes.put("stuck", b"%d" % number) for number in range(3)]
    await turns()
    stuck += [lanes.put("stuck", b"%d" % number) for number in range(4)]
    with capture_logs() as said:
        closing = asyncio.create_task(close_lanes(lanes, Lanes(wire.send), within=0.1))
        await turns()
        await wire.confirm("quick")
        await asyncio.wait_for(closing, 2)
    confirmed(quick)
    assert all(isinstance(done.exception(), UnconfirmedError) for done in stuck)
    assert [line["count"] for line in said if line["event"] == "records_unconfirmed"] == [7]
    assert not lanes._lanes
    assert (lanes._records, lanes._bytes) == (0, 0)


async def test_closing_says_nothing_when_nothing_is_left(wire: Wire) -> None:
    lanes = Lanes(wire.send)
    done = lanes.put("a", b"1")
    await turns()
    with capture_logs() as said:
        closing = asyncio.create_task(close_lanes(lanes, within=5))
        await turns()
        await wire.confirm("a")
        await asyncio.wait_for(closing, 1)
    confirmed(done)
    assert said == []
