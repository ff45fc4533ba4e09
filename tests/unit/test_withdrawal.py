"""CALLs taken back before they were sent, without a socket or a clock."""

from turns import EPOCH, conversation, frames_of, kinds, order, records_of, told, withdrawal


def test_a_waiting_call_is_withdrawn_and_both_callers_hear_so() -> None:
    talk = conversation()
    for number in range(3):
        talk.order(order(f"m{number}"), 0)
    effects = talk.withdraw(withdrawal("m1"), 1)
    assert told(effects) == [("operation-m1", "withdrawn"), ("cancel-m1", "Answered")]
    refused, answered = records_of(effects)
    assert (refused.owner, refused.action) == ("diagnostics", "GetLog")
    assert (answered.owner, answered.action, answered.late) == ("cancellers", "Cancel", False)
    assert bytes(answered.payload) == b"{}"
    assert frames_of(talk.received('[3,"m0",{}]', 2))[0][1] == "m2"


def test_a_withdrawn_call_stays_withdrawn_when_its_order_or_its_withdrawal_comes_again() -> None:
    talk = conversation()
    talk.order(order("m0"), 0)
    talk.order(order("m1"), 0)
    talk.withdraw(withdrawal("m1"), 1)
    for _ in range(2):
        assert told(talk.withdraw(withdrawal("m1"), 2)) == [("cancel-m1", "Answered")]
        assert talk.order(order("m1"), 2) == []
    assert kinds(talk.received('[3,"m0",{}]', 3)) == ["Answered"]
    assert talk.idle


def test_a_call_that_has_left_cannot_be_withdrawn_and_goes_on() -> None:
    talk = conversation()
    talk.order(order("m1", timeout=30), 0)
    assert told(talk.withdraw(withdrawal("m1"), 1)) == [("cancel-m1", "sent")]
    assert kinds(talk.tick(30)) == ["TimedOut"]
    assert told(talk.withdraw(withdrawal("m1"), 31)) == [("cancel-m1", "sent")]
    assert told(talk.received('[3,"m1",{}]', 32)) == [("operation-m1", "Answered")]
    assert told(talk.withdraw(withdrawal("m1"), 33)) == [("cancel-m1", "sent")]


def test_a_withdrawal_may_overtake_its_call() -> None:
    talk = conversation()
    for _ in range(2):
        assert told(talk.withdraw(withdrawal("m1"), 0)) == [("cancel-m1", "Answered")]
    assert told(talk.order(order("m1"), 500)) == [("operation-m1", "withdrawn")]
    assert talk.order(order("m1"), 500) == []
    assert told(talk.withdraw(withdrawal("m1"), 501)) == [("cancel-m1", "Answered")]
    assert talk.order(order("m1"), 502) == []


def test_a_withdrawal_for_another_connection_is_stale_and_changes_nothing() -> None:
    talk = conversation()
    assert told(talk.withdraw(withdrawal("m1", epoch=EPOCH - 1), 0)) == [("cancel-m1", "stale")]
    assert told(talk.withdraw(withdrawal("m1", epoch=EPOCH + 1), 0)) == [("cancel-m1", "stale")]
    assert kinds(talk.order(order("m1"), 0)) == ["Send", "Sent"]


def test_what_was_refused_has_its_end_and_cannot_be_withdrawn() -> None:
    talk = conversation(waiting=1, remembered=1)
    for number in range(3):
        talk.order(order(f"m{number}", expires_at=10 if number == 1 else 1000), 0)
    assert told(talk.order(order("m3", expires_at=1), 1)) == [("operation-m3", "expired")]
    assert told(talk.received('[3,"m0",{}]', 11)) == [
        ("operation-m0", "Answered"),
        ("operation-m1", "expired"),
    ]
    for _ in range(2):  # busy, expired in the queue, expired before it came
        for message_id in ("m2", "m1", "m3"):
            assert told(talk.withdraw(withdrawal(message_id), 12)) == [(f"cancel-{message_id}", "sent")]
            assert talk.order(order(message_id), 12) == []


def test_a_call_withdrawn_before_it_came_was_withdrawn_even_when_it_comes_too_late() -> None:
    talk = conversation()
    talk.withdraw(withdrawal("m1"), 0)
    assert told(talk.order(order("m1", expires_at=5), 6)) == [("operation-m1", "withdrawn")]
    assert told(talk.withdraw(withdrawal("m1"), 7)) == [("cancel-m1", "Answered")]


def test_a_withdrawn_call_makes_room() -> None:
    talk = conversation(waiting=1)
    talk.order(order("m0"), 0)
    talk.order(order("m1"), 0)
    talk.withdraw(withdrawal("m1"), 0)
    assert talk.order(order("m2"), 0) == []
    assert frames_of(talk.received('[3,"m0",{}]', 0))[0][1] == "m2"


def test_a_withdrawal_holds_for_its_time_and_is_then_forgotten_among_many() -> None:
    talk = conversation(remembered=2, withdrawn_seconds=600)
    for number in range(10):
        talk.withdraw(withdrawal(f"m{number}"), 0)
    assert told(talk.order(order("m0"), 599)) == [("operation-m0", "withdrawn")]
    for number in range(10, 20):
        talk.withdraw(withdrawal(f"m{number}"), 600)
    assert kinds(talk.order(order("m9"), 600)) == ["Send", "Sent"]
    assert told(talk.order(order("m10"), 600)) == [("operation-m10", "withdrawn")]


def test_what_is_under_way_counts_as_sent_even_past_its_time_among_many() -> None:
    talk = conversation(remembered=1)
    talk.order(order("m1", expires_at=1, timeout=30), 0)
    talk.withdraw(withdrawal("m2"), 29)
    assert told(talk.withdraw(withdrawal("m1"), 29)) == [("cancel-m1", "sent")]
