"""A CALL of the station's that comes again, ids that are too long, and who breaks the protocol all the time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from turns import EPOCH, answer, conversation, frames_of, kinds, order

from ocppdiag_contracts import link
from ocppdiag_gateway.allowance import Allowance
from ocppdiag_gateway.effects import Effect, Expel, Send, Violate
from ocppdiag_gateway.limits import Limits

LIMITS = Limits()


def call(message_id: str = "s1", payload: str = "{}", action: str = "Heartbeat") -> str:
    return f'[2,{json.dumps(message_id)},"{action}",{payload}]'


def answered(message_id: str = "s1", text: bytes = b'{"currentTime":"now"}') -> link.Answer:
    return link.Answer(station="CS-1", epoch=EPOCH, at=0, message_id=message_id, payload=Raw(text))


def test_the_same_again_soon_after_its_answer_gets_that_answer_and_is_not_done_again() -> None:
    talk = conversation()
    talk.received(call(), 0)
    first = talk.answer(answered(), 1)
    again = talk.received(call(), 1 + LIMITS.repeat_seconds - 0.1)
    assert kinds(again) == ["Violate", "Send"]
    assert again[1:] == first


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (call(payload='{"x":1}'), 2.0),
        (call(action="NotifyEvent"), 2.0),
        (call("s2"), 2.0),
        (call(), 1 + LIMITS.repeat_seconds),
    ],
    ids=["another payload", "another action", "another id", "later"],
)
def test_anything_else_is_another_call(text: str, at: float) -> None:
    """Some stations give all their CALLs one id, and some begin again at 1."""
    talk = conversation()
    talk.received(call(), 0)
    talk.answer(answered(), 1)
    assert kinds(talk.received(text, at)) == ["Called"]


def test_a_call_that_failed_is_done_again_when_it_comes_again() -> None:
    """InternalError says that it may (OCPP 2.0.1 part 4, 4.3)."""
    talk = conversation()
    talk.received(call(), 0)
    talk.undelivered("s1", 0, unclaimed=False)
    assert kinds(talk.received(call(), 1)) == ["Called"]
    refusal = link.Refuse(station="CS-1", epoch=EPOCH, at=0, message_id="s1", code="FormatViolation")
    assert frames_of(talk.answer(refusal, 1)) == [[4, "s1", "FormatViolation", "", {}]]
    assert kinds(talk.received(call(), 2)) == ["Called"]


def test_other_words_under_an_id_that_is_in_use_are_refused_and_the_first_are_answered() -> None:
    talk = conversation()
    talk.received(call(), 0)
    (clash,) = frames_of(talk.received(call(payload='{"x":1}'), 0))
    assert clash[:3] == [4, "s1", "RpcFrameworkError"]
    assert frames_of(talk.answer(answer("s1"), 0)) == [[3, "s1", {}]]


def test_only_the_last_answers_are_remembered() -> None:
    talk = conversation(repeats=2)
    for number in range(3):
        talk.received(call(f"s{number}"), 0)
        talk.answer(answered(f"s{number}"), 0)
    assert kinds(talk.received(call("s0"), 1)) == ["Called"]
    assert kinds(talk.received(call("s1"), 1)) == ["Violate", "Send"]


def test_nothing_of_a_connection_is_known_on_the_next() -> None:
    talk = conversation()
    talk.received(call(), 0)
    talk.answer(answered(), 0)
    talk.ended(1, 1000, "")
    assert kinds(talk.received(call(), 1)) == ["Called"]


@pytest.mark.parametrize(("length", "odd"), [(36, False), (37, True), (255, True)])
def test_a_long_id_is_counted_and_let_through(length: int, *, odd: bool) -> None:
    effects = conversation().received(call("i" * length), 0)
    assert kinds(effects) == (["Violate", "Called"] if odd else ["Called"])


def test_long_ids_are_no_reason_to_show_anybody_out() -> None:
    talk = conversation()
    for number in range(5 * LIMITS.violations):
        message_id = f"{number:040d}"
        assert kinds(talk.received(call(message_id), 0)) == ["Violate", "Called"]
        talk.answer(answer(message_id), 0)


def test_who_breaks_the_protocol_without_end_is_shown_out_and_hears_so_far_what_is_wrong() -> None:
    talk = conversation()
    effects: list[Effect] = []
    for _ in range(LIMITS.violations):
        effects += talk.received("x", 0)
    assert kinds(effects) == ["Violate", "Send"] * LIMITS.violations
    assert talk.received("x", 0)[2:] == [Expel("too many violations")]
    assert talk.received_binary(0)[2:] == [Expel("too many violations")]


def test_who_breaks_it_at_each_message_stays() -> None:
    """A station that grumbles at each answer and repeats itself, for an hour."""
    talk = conversation()
    for second in range(3600):
        for _ in range(int(LIMITS.violations_per_second)):
            assert not any(
                isinstance(effect, Expel) for effect in talk.received('[4,"x","NotSupported"]', second)
            )


@given(st.integers(1, 20), st.floats(0.1, 50), st.lists(st.floats(0, 3), max_size=200))
def test_an_allowance_is_never_more_than_its_burst_and_its_rate(
    burst: int, rate: float, pauses: list[float]
) -> None:
    allowance, now, spent = Allowance(burst, rate), 100.0, 0
    for pause in pauses:
        now += pause
        spent += allowance.spend(now)
        assert spent <= burst + (now - 100.0) * rate + 1e-6
    assert allowance.spend(now + 1 / rate + 1e-6)


@given(st.integers(1, 1000), st.floats(1, 500), st.lists(st.integers(1, 400), min_size=1, max_size=50))
def test_who_rests_as_long_as_it_is_told_keeps_to_the_rate(
    burst: int, rate: float, amounts: list[int]
) -> None:
    allowance, now = Allowance(burst, rate), 100.0
    for amount in amounts:
        now += allowance.charge(amount, now)
    assert sum(amounts) <= burst + (now - 100.0) * rate + 1e-6
    assert allowance.charge(0, now + 1e-6) == pytest.approx(0, abs=1e-6)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
frames = st.one_of(
    st.text(),
    st.text().map(str.encode),
    st.binary(),
    st.lists(json_values, max_size=6).map(json.dumps),
    st.tuples(
        st.sampled_from([2, 3, 4, 5, 6]),
        st.sampled_from(["m1", "m2", "s1", "s2", "x" * 37, "x" * 300]),
        st.sampled_from(["Heartbeat", "a.b", 7]) | json_values,
        json_values | st.dictionaries(st.text(max_size=3), json_values, max_size=2),
    ).map(json.dumps),
)


@given(st.lists(st.tuples(frames | st.none(), st.floats(0, 5)), max_size=60), st.booleans())
def test_whatever_arrives_the_state_stays_bounded_and_what_we_say_is_a_frame(
    arriving: list[tuple[str | bytes | None, float]],
    answers: bool,  # noqa: FBT001 (hypothesis's)
) -> None:
    talk = conversation(
        unanswered=4, waiting=2, remembered=4, repeats=3, violations=30, violations_per_second=1
    )
    now = 0.0
    for number, (text, pause) in enumerate(arriving):
        now += pause
        effects = talk.received_binary(now) if text is None else talk.received(text, now)
        effects += [*talk.tick(now), *talk.order(order(f"m{number}"), now)]
        if answers:
            effects += talk.answer(answer("s1"), now)
        for effect in effects:
            if isinstance(effect, Send):
                members = json.loads(effect.frame)
                assert len(members) == {2: 4, 3: 3, 4: 5}[members[0]]
            if isinstance(effect, Violate):
                assert len(effect.reason) < 60
        assert len(talk._theirs._open) <= 4
        assert len(talk._theirs._answered) <= 3
        assert len(talk._late) <= 4
        assert len(talk._waiting) <= 2
        assert len(talk._fates) <= 4 + 2 * len(arriving)
