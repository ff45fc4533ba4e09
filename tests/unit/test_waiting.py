"""An operation that waits for its station: how it comes to that, goes out again, and ends; what it takes no notice of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from operations import DUE, STATION, TABLE, Life, answered, as_told

from ocppdiag_contracts.commands import CommandModel, GetLog, SetMonitoringLevel
from ocppdiag_contracts.events import CommandWaiting, Outcome, Waiting
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_workers import calls, news
from ocppdiag_workers.calls import AGAIN_SECONDS
from ocppdiag_workers.operation import ENDS, State, Step, instant

LOG = GetLog(id="c1", station=STATION)
LEVEL = SetMonitoringLevel(id="c1", station=STATION, severity=3)
UNTIL = 600.0
"""How long a command of these tests may wait."""


def back(epoch: int = 2, at: float = 100.0) -> news.Back:
    return news.Back(at, f"node-{epoch}", epoch, "ocpp2.0")


class Waits(Life):
    """A command that may wait; `placed` if its station was there when it began."""

    def __init__(self, command: CommandModel = LOG, *, placed: bool = True) -> None:
        super().__init__(command)
        self.operation = replace(self.operation, waits_until=UNTIL)
        if not placed:
            away = replace(self.operation, node=None, epoch=0, version="")
            step = calls.waits(away, 1.0, Waiting.NOT_CONNECTED)
            self.operation, self.told = step.operation, [*map(as_told, step.events)]


def reasons(life: Life) -> list[str]:
    return [str(event.reason) for event in life.told if isinstance(event, CommandWaiting)]


def away() -> Waits:
    """A command that waits for a station that was not there."""
    return Waits(placed=False)


def test_a_command_that_begins_to_wait_says_why_and_how_long() -> None:
    life = away()
    (event,) = life.told
    assert isinstance(event, CommandWaiting)
    assert (event.id, event.reason) == (f"{STATION}/c1/waiting/1", Waiting.NOT_CONNECTED)
    assert (event.time, event.until) == (instant(1.0), instant(UNTIL))
    assert (life.operation.state, life.operation.wake_at) == (State.WAITING, UNTIL)


def test_a_station_that_is_back_is_asked_on_its_new_connection() -> None:
    life = away().hear(back())
    operation = life.operation
    assert (operation.state, operation.node, operation.epoch, operation.version) == (
        State.QUEUED,
        "node-2",
        2,
        "ocpp2.0",
    )
    assert (life.asked, operation.wake_at, operation.in_line) == (1, DUE, True)
    life.hear(news.Sent(101, 0, (2, 1)))
    assert [event.event for event in life.told] == ["command_waiting", "command_sent"]
    assert (life.operation.state, life.operation.in_line) == (State.SENT, False)


def test_a_station_that_is_back_when_the_wait_is_over_is_not_asked_any_more() -> None:
    life = away()
    waiting = life.operation
    life.hear(back(at=UNTIL), back(at=UNTIL + 1))
    assert (life.operation, life.asked) == (waiting, 0)
    life.hear(news.Woke(UNTIL))
    assert (life.end.outcome, life.end.failure, life.end.retry) == (
        Outcome.EXPIRED,
        Failure.NOT_CONNECTED,
        Retry.SAFE,
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
def test_that_a_station_is_back_means_nothing_to_what_does_not_wait(state: State) -> None:
    operation = replace(Waits().operation, state=state)
    for item in (back(), news.Withdrawn(100.0, "c2")):
        assert TABLE.advance(operation, item) == Step(operation)


def test_a_wait_is_not_over_before_its_time() -> None:
    life = away().hear(news.Woke(2), news.Woke(UNTIL - 0.001))
    assert (life.operation.state, life.ends) == (State.WAITING, [])
    assert life.hear(news.Woke(UNTIL)).end.outcome is Outcome.EXPIRED


def test_a_wait_that_is_over_after_the_connection_went_does_not_say_that_a_retry_is_safe() -> None:
    life = Waits(LEVEL).hear(news.Sent(1), news.Lost(2), news.Woke(AGAIN_SECONDS + 2))
    assert (life.operation.waits_until, life.operation.wake_at, life.ends) == (DUE, DUE, [])
    end = life.hear(news.Woke(DUE)).end
    assert (end.outcome, end.failure, end.retry) == (
        Outcome.EXPIRED,
        Failure.CONNECTION_LOST,
        Retry.UNKNOWN,
    )


def test_a_command_taken_back_while_it_waits_remembers_by_whom() -> None:
    life = away().hear(news.Withdrawn(5, "c2"))
    assert (life.end.outcome, life.end.failure) == (Outcome.CANCELLED, Failure.CANCELLED)
    assert (life.operation.withdrawn_by, life.operation.in_line) == ("c2", False)
    assert life.hear(news.Withdrawn(6, "c3")).operation.withdrawn_by == "c2"


@pytest.mark.parametrize(
    ("reason", "told"), [("busy", "busy"), ("gone", "not_connected"), ("stale", "not_connected")]
)
def test_a_call_that_was_not_taken_waits_and_the_same_connection_is_not_tried_again_at_once(
    reason: str, told: str
) -> None:
    life = Waits().hear(news.Refused(5, reason, 0, 1))
    assert (life.operation.state, reasons(life)) == (State.WAITING, [told])
    assert life.operation.wake_at == 5 + AGAIN_SECONDS
    life.hear(back(epoch=1, at=5.001), news.Woke(5 + AGAIN_SECONDS - 0.001), back(epoch=1, at=14.9))
    assert (life.operation.state, life.asked) == (State.WAITING, 0)
    life.hear(news.Woke(5 + AGAIN_SECONDS))
    assert life.operation.wake_at == UNTIL
    life.hear(back(epoch=1, at=16))
    assert (life.operation.state, life.operation.epoch, life.asked) == (State.QUEUED, 1, 1)


def test_another_connection_is_tried_at_once() -> None:
    life = Waits().hear(news.Refused(5, "stale", 0, 1), back(epoch=2, at=5.001))
    assert (life.operation.state, life.operation.epoch, life.asked) == (State.QUEUED, 2, 1)


@pytest.mark.parametrize("reason", ["expired", "withdrawn", "unsupported_version", "something new"])
def test_a_refusal_that_does_not_pass_is_not_waited_out(reason: str) -> None:
    assert Waits().hear(news.Refused(5, reason)).end.failure is not Failure.NOT_CONNECTED


@pytest.mark.parametrize("reason", ["busy", "gone", "stale"])
def test_a_refusal_is_the_end_of_what_may_not_wait_or_has_waited_long_enough(reason: str) -> None:
    late = Waits().hear(news.Refused(UNTIL, reason)).end
    never = Life(LOG).hear(news.Refused(5, reason)).end
    assert late.failure is never.failure
    assert late.failure in (Failure.BUSY, Failure.NOT_CONNECTED)
    assert late.outcome is Outcome.FAILED


def test_every_order_of_it_has_a_message_id_of_its_own() -> None:
    life, ids = away(), []
    for number in range(5):
        life.hear(back(epoch=1 + number // 2, at=20 + 30 * number))
        ids.append(life.operation.message_id)
        assert life.hear(news.Sent(20, 1)).operation.message_id == ids[-1], "whenever it is ordered again"
        at = 21.0 + 30 * number
        life.hear(news.Refused(at, "busy", 0, life.operation.epoch), news.Woke(at + AGAIN_SECONDS))
    assert len(set(ids)) == 5
    assert len({event.id for event in life.told}) == len(life.told) == 6


@pytest.mark.parametrize("command", [LOG, LEVEL], ids=["log", "level"])
def test_that_it_had_left_after_all_is_told_late(command: CommandModel) -> None:
    """The refusal of an order that came twice has overtaken the word that the first had left."""
    life = Waits(command).hear(news.Refused(5, "gone", 0, 1), news.Sent(6, 0, (1, 4)))
    if command is LOG:
        assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.CONNECTION_LOST)
        return
    assert (life.operation.state, life.operation.lost) == (State.WAITING, 1)
    assert reasons(life) == ["not_connected", "connection_lost"]
    again = life.operation
    assert replace(life.hear(news.Sent(7, 0, (1, 4))).operation, sent=again.sent) == again, "it counts once"


@pytest.mark.parametrize(
    "item",
    [
        news.Refused(7, "gone", 0, 1),
        news.Errored(7, "InternalError", "", 0, 1),
        news.TimedOut(7, 0, 1),
        news.Lost(7, 0, 1),
        answered({"status": "Accepted"}),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_is_told_late_of_the_old_connection_changes_nothing(item: news.News) -> None:
    waiting = Waits(LEVEL).hear(news.Sent(1, 0, (1, 1)), news.Lost(2, 0, 1)).operation
    assert TABLE.advance(waiting, item) == Step(waiting)
    out = TABLE.advance(waiting, back()).operation
    for state in (State.QUEUED, State.SENT):
        asked = replace(out, state=state)
        if not isinstance(item, news.Answered):
            assert TABLE.advance(asked, item) == Step(asked)
    old = news.Answered(7, b'{"status":"Accepted"}', 0, 1)
    assert TABLE.advance(out, old) == Step(out)
    assert TABLE.advance(out, news.Sent(7, 0, (1, 9))) == Step(out)
    new = news.Answered(7, b'{"status":"Accepted"}', 0, 2)
    assert TABLE.advance(out, new).operation.state is State.COMPLETED


def test_whatever_comes_orders_again_what_has_waited_and_may_not_have_left() -> None:
    life = away().hear(back(), news.Woke(101))
    assert life.asked == 2
    assert life.hear(news.Sent(102, 0, (2, 1)), news.Woke(103)).asked == 2


ITEMS = st.lists(
    st.one_of(
        st.builds(news.Sent, st.just(9.0), st.just(0), st.tuples(st.integers(1, 3), st.integers(1, 3))),
        st.builds(
            news.Refused,
            st.just(9.0),
            st.sampled_from(["busy", "gone", "stale"]),
            st.just(0),
            st.integers(1, 3),
        ),
        st.builds(news.Lost, st.just(9.0), st.just(0), st.integers(1, 3)),
        st.builds(news.TimedOut, st.just(9.0), st.just(0), st.integers(1, 3)),
        st.builds(news.Woke, st.sampled_from([9.0, 50.0, UNTIL])),
        st.builds(news.Withdrawn, st.just(9.0), st.just("c2")),
        st.builds(back, st.integers(1, 3), st.just(9.0)),
    ),
    max_size=30,
)


@given(items=ITEMS, placed=st.booleans())
def test_what_has_left_and_may_not_be_repeated_is_ordered_on_no_other_connection(
    items: list[news.News], *, placed: bool
) -> None:
    life = Waits(placed=placed)
    ordered, left = {life.operation.epoch}, set[int]()
    for item in items:
        asked, epoch = life.asked, life.operation.epoch
        life.hear(item)
        if isinstance(item, news.Sent) and item.epoch in ordered and epoch in (0, item.epoch):
            left.add(item.epoch)
        if life.asked > asked:
            ordered.add(life.operation.epoch)
            assert left <= {life.operation.epoch}
    assert life.operation.state in ENDS | {State.WAITING, State.QUEUED, State.SENT}
    assert len({event.id for event in life.told}) == len(life.told)
