"""One connection's turns, without a socket or a clock."""

from hypothesis import given
from hypothesis import strategies as st
from turns import EPOCH, answer, conversation, frames_of, kinds, order, records_of

from ocppdiag_contracts import link
from ocppdiag_gateway.effects import Send, Violate


def test_an_order_goes_out_byte_for_byte_and_is_said_to_be_sent() -> None:
    effects = conversation().order(order(), 0)
    assert kinds(effects) == ["Send", "Sent"]
    assert effects[0] == Send(b'[2,"m1","GetLog",{"requestId": 1}]')
    (sent,) = records_of(effects)
    assert (sent.tag, sent.action, sent.owner, sent.epoch, sent.seq) == (
        "operation-m1",
        "GetLog",
        "diagnostics",
        EPOCH,
        1,
    )


def test_one_call_is_under_way_and_the_next_waits_for_its_answer() -> None:
    talk = conversation()
    talk.order(order("m1"), 0)
    assert talk.order(order("m2"), 0) == []
    effects = talk.received('[3,"m1",{"status":"Accepted"}]', 1)
    assert kinds(effects) == ["Answered", "Send", "Sent"]
    assert records_of(effects)[0].tag == "operation-m1"
    assert bytes(records_of(effects)[0].payload) == b'{"status":"Accepted"}'
    assert frames_of(effects) == [[2, "m2", "GetLog", {"requestId": 1}]]


def test_the_stations_calls_are_passed_on_while_ours_is_under_way() -> None:
    talk = conversation()
    talk.order(order(), 0)
    effects = talk.received('[2,"s1","Heartbeat",{}]', 0)
    assert kinds(effects) == ["Called"]
    assert frames_of(talk.answer(answer("s1"), 0)) == [[3, "s1", {}]]


def test_a_full_queue_is_a_refusal_that_is_heard() -> None:
    talk = conversation(waiting=2)
    for number in range(3):
        talk.order(order(f"m{number}"), 0)
    (refused,) = records_of(talk.order(order("m3"), 0))
    assert isinstance(refused, link.Refused)
    assert refused.reason == "busy"
    # The caller has heard that it was not sent: a repeat of the order must not go out when there is room.
    talk.received('[3,"m0",{}]', 0)
    assert talk.order(order("m3"), 0) == []
    ended = records_of(talk.ended(0, None, ""))
    assert [record.tag for record in ended if isinstance(record, link.Result)] == [
        "operation-m1",
        "operation-m2",
    ]


def test_a_repeated_order_is_not_sent_twice_even_after_its_answer() -> None:
    talk = conversation()
    talk.order(order(), 0)
    assert talk.order(order(), 0) == []
    talk.received('[3,"m1",{}]', 0)
    assert talk.order(order(), 500) == []


def test_a_repeated_order_that_waits_is_neither_refused_nor_moved_when_the_queue_is_full() -> None:
    talk = conversation(waiting=2)
    for number in range(3):
        talk.order(order(f"m{number}"), 0)
    assert talk.order(order("m1"), 0) == []
    assert frames_of(talk.received('[3,"m0",{}]', 0))[0][1] == "m1"


def test_an_order_for_an_older_connection_or_past_its_time_is_refused() -> None:
    talk = conversation()
    assert records_of(talk.order(order(epoch=EPOCH - 1), 0))[0].reason == "stale"
    assert records_of(talk.order(order(expires_at=5), 5))[0].reason == "expired"


def test_the_refusal_of_an_order_for_an_older_connection_is_not_taken_for_one_of_this() -> None:
    talk = conversation()
    talk.order(order("new"), 0)
    (refused,) = records_of(talk.order(order("old", epoch=EPOCH - 1), 0))
    assert (refused.reason, refused.epoch) == ("stale", EPOCH - 1)


def test_an_order_that_is_taken_too_late_is_stale_and_stays_so_when_it_comes_again() -> None:
    """Its gateway hung, and the workers have heard that none took it."""
    talk = conversation()
    assert records_of(talk.order(order(take_by=5), 5))[0].reason == "stale"
    assert talk.order(order(take_by=100), 6) == []
    assert kinds(talk.order(order("m2", take_by=5), 4.9)) == ["Send", "Sent"]


def test_an_order_that_expires_in_the_queue_is_refused_when_its_turn_comes() -> None:
    talk = conversation()
    talk.order(order("m1"), 0)
    talk.order(order("m2", expires_at=10), 0)
    talk.order(order("m3"), 0)
    effects = talk.received('[3,"m1",{}]', 11)
    assert kinds(effects) == ["Answered", "Refused", "Send", "Sent"]
    assert frames_of(effects)[0][1] == "m3"
    assert talk.order(order("m2", expires_at=10), 12) == []


def test_a_silent_station_times_out_and_its_late_answer_is_recognised() -> None:
    talk = conversation()
    talk.order(order("m1", timeout=30), 0)
    talk.order(order("m2"), 0)
    assert talk.wake_at == 30
    assert talk.tick(29) == []
    assert kinds(talk.tick(30)) == ["TimedOut", "Send", "Sent"]
    (late,) = records_of(talk.received('[3,"m1",{}]', 31))
    assert late.late
    assert late.tag == "operation-m1"
    assert kinds(talk.received('[3,"m1",{}]', 32)) == ["Violate"]


def test_an_unanswered_call_of_the_station_gets_internal_error_in_time() -> None:
    talk = conversation(answer_seconds=60)
    talk.received('[2,"s1","Heartbeat",{}]', 0)
    assert talk.wake_at == 60
    assert frames_of(talk.tick(60)) == [[4, "s1", "InternalError", "no answer in time", {}]]
    assert talk.answer(answer("s1"), 0) == []


def test_an_unclaimed_action_is_not_implemented_and_broker_trouble_is_an_internal_error() -> None:
    talk = conversation()
    talk.received('[2,"s1","Authorize",{}]', 0)
    talk.received('[2,"s2","Heartbeat",{}]', 0)
    assert frames_of(talk.undelivered("s1", 0, unclaimed=True))[0][2] == "NotImplemented"
    assert frames_of(talk.undelivered("s2", 0, unclaimed=False))[0][2] == "InternalError"
    assert talk.undelivered("s2", 0, unclaimed=False) == []


def test_a_repeated_message_id_is_delivered_once_and_answered_once() -> None:
    talk = conversation()
    talk.received('[2,"s1","Heartbeat",{}]', 0)
    assert kinds(talk.received('[2,"s1","Heartbeat",{}]', 0)) == ["Violate"]
    assert len(frames_of(talk.answer(answer("s1"), 0))) == 1
    assert talk.answer(answer("s1"), 0) == []


def test_a_flood_of_calls_is_bounded() -> None:
    talk = conversation(unanswered=2)
    for number in range(2):
        talk.received(f'[2,"s{number}","Heartbeat",{{}}]', 0)
    effects = talk.received('[2,"s9","Heartbeat",{}]', 0)
    assert kinds(effects) == ["Violate", "Send"]
    talk.answer(answer("s0"), 0)
    assert kinds(talk.received('[2,"s10","Heartbeat",{}]', 0)) == ["Called"]


def test_the_end_says_what_became_of_everything() -> None:
    talk = conversation()
    talk.order(order("m1"), 0)
    talk.order(order("m2"), 0)
    talk.received('[2,"s1","Heartbeat",{}]', 0)
    effects = talk.ended(5, 1006, "gone")
    assert kinds(effects) == ["Lost", "Refused", "Disconnected"]
    assert records_of(effects)[1].reason == "gone"
    assert talk.idle
    assert talk.answer(answer("s1"), 0) == []


def test_an_answer_that_is_no_object_is_an_error_and_not_silence() -> None:
    talk = conversation()
    talk.order(order(), 0)
    (errored,) = records_of(talk.received('[3,"m1",42]', 0))
    assert isinstance(errored, link.Errored)
    assert errored.code == "FormatViolation"


def test_a_callerror_with_an_invented_code_is_passed_on() -> None:
    talk = conversation()
    talk.order(order(), 0)
    (errored,) = records_of(talk.received('[4,"m1","FormationViolation",""]', 0))
    assert errored.code == "FormationViolation"


def test_an_action_that_cannot_be_a_routing_word_never_leaves_the_gateway() -> None:
    effects = conversation().received('[2,"s1","a.b.#",{}]', 0)
    assert kinds(effects) == ["Violate", "Send"]
    assert frames_of(effects)[0][2] == "NotImplemented"


def test_a_binary_message_is_counted_and_answered() -> None:
    effects = conversation().received_binary(0)
    assert isinstance(effects[0], Violate)
    assert frames_of(effects)[0][:3] == [4, "-1", "RpcFrameworkError"]


@given(st.text(max_size=200))
def test_nothing_that_a_station_sends_raises(text: str) -> None:
    talk = conversation()
    talk.order(order(), 0)
    for frame in frames_of(talk.received(text, 1)):
        assert frame[0] in (3, 4)
