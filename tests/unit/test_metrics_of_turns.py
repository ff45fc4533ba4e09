"""What the gateway counts of a conversation: each frame once, how long answers took, and every breach by its name."""

from collections import Counter as Count

import pytest
from msgspec import Raw
from turns import EPOCH, conversation, order

from ocppdiag_contracts import link
from ocppdiag_gateway import metrics
from ocppdiag_gateway.effects import Violate
from ocppdiag_metrics import OTHER, Counter, Histogram
from ocppdiag_ocpp.frames import DEEPEST

DEEP = "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
BREACHES = [
    "no JSON",
    "[2]",
    '["2","x","Heartbeat",{}]',
    '[9,"x","Heartbeat",{}]',
    '[2,"x",7,{}]',
    '[2,"x","Heartbeat",{},{}]',
    '[2,"x","Heartbeat",[]]',
    f'[2,"x","Heartbeat",{{"a":{DEEP}}}]',
    '[2,"x","no name",{}]',
    f'[2,"{"x" * 40}","Heartbeat",{{}}]',
    '[2,"a","Heartbeat",{}]',
    '[2,"a","Heartbeat",{}]',
    '[2,"a","Heartbeat",{"other":1}]',
    '[2,"b","Heartbeat",{}]',
    '[2,"c","Heartbeat",{}]',
    '[3,"nobody",{}]',
]


class Since:
    """What has come to a counter or a histogram since this was made."""

    def __init__(self, *metrics: Counter | Histogram) -> None:
        self._metrics = metrics
        self._before = self._now()

    def _now(self) -> Count[tuple[str, ...]]:
        found: Count[tuple[str, ...]] = Count()
        for metric in self._metrics:
            if isinstance(metric, Counter):
                found.update({key: int(count) for key, count in metric.cells()})
            else:
                found.update({(*key, metric.name): sum(row.counts) for key, row in metric.cells()})
        return found

    def counted(self) -> dict[tuple[str, ...], int]:
        return dict(self._now() - self._before)


def answer(message_id: str) -> link.Answer:
    return link.Answer(station="CS-1", epoch=EPOCH, at=0, message_id=message_id, payload=Raw(b"{}"))


def test_a_call_and_its_answer_are_counted_by_action_with_the_time_between_them() -> None:
    since = Since(metrics.FRAMES, metrics.ANSWER_SECONDS)
    ((_, before),) = metrics.ANSWER_SECONDS.cells()
    total = before.sum
    talk = conversation()
    talk.received('[2,"s1","Heartbeat",{}]', 100)
    talk.answer(answer("s1"), 100.25)
    talk.received('[2,"s1","Heartbeat",{}]', 100.5)  # repeated, and answered again
    talk.received('[2,"s2","MeterValues",{}]', 101)
    talk.undelivered("s2", 101, unclaimed=True)
    assert since.counted() == {
        ("received", "call", "Heartbeat"): 2,
        ("sent", "callresult", "Heartbeat"): 2,
        ("received", "call", OTHER): 1,
        ("sent", "callerror", OTHER): 1,
        ("ocppdiag_gateway_answer_seconds",): 2,
    }
    assert before.sum - total == pytest.approx(0.25)


def test_what_becomes_of_our_calls_is_counted_with_the_time_that_the_station_took() -> None:
    since = Since(metrics.FRAMES, metrics.CALLS_ENDED, metrics.STATION_SECONDS)
    ((_, row),) = metrics.STATION_SECONDS.cells()
    total = row.sum
    talk = conversation()
    for message_id in ("m1", "m2", "m3", "m4"):
        talk.order(order(message_id), 0)
    talk.received('[3,"m1",{"status":"Accepted"}]', 2)
    talk.received('[4,"m2","InternalError","",{}]', 5)
    talk.tick(40)
    talk.received('[3,"m3",{}]', 41)
    talk.ended(42, None, "")
    assert since.counted() == {
        ("sent", "call", "GetLog"): 4,
        ("received", "callresult", "GetLog"): 2,
        ("received", "callerror", "GetLog"): 1,
        ("answered",): 1,
        ("errored",): 1,
        ("timed_out",): 1,
        ("late",): 1,
        ("lost",): 1,
        ("ocppdiag_gateway_station_seconds",): 2,
    }
    assert row.sum - total == pytest.approx(2 + 3)


def test_orders_that_are_not_carried_out_are_counted_by_reason() -> None:
    since = Since(metrics.REFUSALS)
    talk = conversation(waiting=1)
    talk.order(order("m1", epoch=EPOCH - 1), 0)
    talk.order(order("m2", expires_at=1), 2)
    for message_id in ("m3", "m4", "m5"):
        talk.order(order(message_id), 2)
    talk.ended(3, None, "")
    assert since.counted() == {("stale",): 1, ("expired",): 1, ("busy",): 1, ("gone",): 1}


def test_every_breach_that_a_conversation_knows_has_its_name_among_the_metrics() -> None:
    talk = conversation(unanswered=3)
    effects = [effect for text in BREACHES for effect in talk.received(text, 0)]
    effects += talk.received_binary(0)
    reasons = {effect.reason for effect in effects if isinstance(effect, Violate)}
    assert reasons == metrics.VIOLATIONS.labels["reason"]


def test_a_frame_that_is_none_is_counted_as_malformed_and_so_is_our_answer() -> None:
    since = Since(metrics.FRAMES, metrics.CALLS_ENDED)
    conversation().received("no JSON", 0)
    conversation().received('[3,"nobody",{}]', 0)
    assert since.counted() == {
        ("received", "malformed", OTHER): 1,
        ("sent", "callerror", OTHER): 1,
        ("received", "callresult", OTHER): 1,
    }
