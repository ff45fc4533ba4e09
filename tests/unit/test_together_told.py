"""What was written together is told and then answered, and what fails at one record is no other's trouble."""

import asyncio

import pytest
from letterbox import CONNECTOR, HEARTBEAT, SENT, Hands, of
from operations import STATION, answered, called, decided

from ocppdiag_amqp import UnconfirmedError, UnroutableError
from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_workers import together


async def test_first_comes_redis_then_the_events_then_what_is_forgotten_and_the_answers_last() -> None:
    hands = Hands()
    hands.keep(reply_to="r")
    taken = await hands.take(of(answered({"status": "Rejected"})), decided(CONNECTOR), decided(HEARTBEAT))
    await hands.together.finish(taken)
    assert hands.done[0] == "commit c1"
    assert sorted(hands.done[1:3]) == ["tell command_settled to r", "tell connector_status_reported"]
    assert hands.done[3:] == ["mark c1", "rest c1", "answer m-1 at node", "answer m-1 at node"]


async def test_an_answer_that_no_gateway_takes_is_nobodys_loss_and_one_unconfirmed_is_told_last() -> None:
    hands = Hands()
    several = [called("Heartbeat", {}, seq=number) for number in range(1, 5)]
    hands.post.fails = {"m-1": UnconfirmedError("lost"), "m-2": UnroutableError("gone")}
    with pytest.raises(UnconfirmedError, match="lost"):
        await hands.together.finish(await hands.take(*map(decided, several)))
    assert hands.done == ["answer m-3 at node", "answer m-4 at node"]


async def test_an_event_that_is_not_confirmed_holds_up_its_own_record_and_no_other() -> None:
    hands = Hands()
    hands.keep()
    hands.keep(SetMonitoringLevel(id="c2", station=STATION, severity=3))
    hands.post.fails = {
        "command_settled": UnconfirmedError("lost"),
        "connector_status_reported": OSError("too"),
    }
    taken = await hands.take(
        of(answered({"status": "Rejected"})),
        of(SENT, "c2"),
        decided(CONNECTOR),
        decided(called("Heartbeat", {}, seq=2)),
    )
    hands.done.clear()
    with pytest.raises((UnconfirmedError, OSError)):
        await hands.together.finish(taken)
    assert hands.done == ["tell command_sent", "mark c2", "answer m-2 at node"]
    assert hands.memory.kept.operations["c1"].unsent
    assert "rest c1" not in hands.done


async def test_an_event_that_is_slow_to_be_confirmed_has_no_other_station_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(together, "SLOW_SECONDS", 0.01)
    hands = Hands()
    hands.keep()
    hands.post.slow["command_settled"] = asyncio.Event()
    taken = await hands.take(of(answered({"status": "Rejected"})), decided(CONNECTOR))
    hands.done.clear()
    finishing = asyncio.create_task(hands.together.finish(taken))
    async with asyncio.timeout(5):
        while len(hands.done) < 2:  # noqa: ASYNC110 (a test looks from outside)
            await asyncio.sleep(0)
    assert hands.done == ["tell connector_status_reported", "answer m-1 at node"]
    assert not finishing.done()
    hands.post.slow["command_settled"].set()
    await finishing
    assert hands.done[2:] == ["tell command_settled", "mark c1", "rest c1"]
