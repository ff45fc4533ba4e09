"""One connection's turns in any order, without a socket or a clock."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from turns import answer, conversation, order, told, withdrawal

from ocppdiag_contracts import link
from ocppdiag_gateway.effects import Deliver, Effect, Expel, Send, Violate


class Talk(RuleBasedStateMachine):
    """Orders, withdrawals, answers, calls, time and the end in any order: everything asked is answered once."""

    waiting = Bundle("waiting")
    answered_ours = Bundle("answered_ours")

    def __init__(self) -> None:
        super().__init__()
        self.talk = conversation(waiting=3, unanswered=3)
        self.now = 0.0
        self.number = 0
        self.ordered: dict[str, float] = {}  # with the time until which the order holds
        self.ends: dict[str, list[str]] = {}
        self.sent: list[str] = []
        self.beginnings: dict[str, list[str]] = {}
        self.withdrawn: set[str] = set()
        self.refused: set[str] = set()  # by us
        self.called: set[str] = set()
        self.answered: list[str] = []
        self.seqs: list[int] = []
        self.under_way: str | None = None

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Deliver(record):
                    self.seqs.append(record.seq)
                    if isinstance(record, link.Result) and record.owner == "diagnostics":
                        self.hear(record)
                case Send(frame):
                    members = json.loads(frame)
                    assert members[1] not in self.withdrawn
                    (self.sent if members[0] == 2 else self.answered).append(members[1])
                case Violate() | Expel():
                    pass

    def hear(self, record: link.Result) -> None:
        if isinstance(record, link.Refused) and record.reason != "withdrawn":
            self.refused.add(record.tag.removeprefix("operation-"))
        if isinstance(record, link.Sent | link.Refused):
            self.beginnings.setdefault(record.tag, []).append(type(record).__name__)
        if isinstance(record, link.Sent):
            assert self.under_way is None
            self.under_way = record.tag
        elif not getattr(record, "late", False):
            self.ends.setdefault(record.tag, []).append(type(record).__name__)
            self.under_way = None if record.tag == self.under_way else self.under_way

    @rule(target=waiting, patience=st.integers(1, 50), overtaken=st.booleans())
    def ask(self, patience: int, *, overtaken: bool) -> str:
        self.number += 1
        message_id = f"m{self.number}"
        if overtaken:
            self.take_back(message_id)
        self.ordered[message_id] = self.now + patience
        self.do(self.talk.order(order(message_id, expires_at=self.now + patience, timeout=10), self.now))
        return message_id

    @rule(message_id=st.one_of(waiting, answered_ours))
    def ask_again(self, message_id: str) -> None:
        expires_at = self.ordered[message_id]
        if self.now < expires_at:
            self.do(self.talk.order(order(message_id, expires_at=expires_at, timeout=10), self.now))

    @rule(message_id=st.one_of(waiting, answered_ours))
    def withdraw(self, message_id: str) -> None:
        self.take_back(message_id)

    def take_back(self, message_id: str) -> None:
        effects = self.talk.withdraw(withdrawal(message_id), self.now)
        *to_caller, (tag, word) = told(effects)
        too_late = message_id in self.sent or message_id in self.refused
        assert (tag, word) == (f"cancel-{message_id}", "sent" if too_late else "Answered")
        assert to_caller in ([], [(f"operation-{message_id}", "withdrawn")])
        if word == "Answered":
            self.withdrawn.add(message_id)
        self.do(effects)

    @rule(target=answered_ours, message_id=consumes(waiting))
    def answer_ours(self, message_id: str) -> str:
        self.do(self.talk.received(f'[3,"{message_id}",{{}}]', self.now))
        return message_id

    @rule(target=waiting)
    def call(self) -> Any:  # noqa: ANN401 (a bundle's)
        self.number += 1
        self.called.add(f"s{self.number}")
        self.do(self.talk.received(f'[2,"s{self.number}","Heartbeat",{{}}]', self.now))
        return multiple()

    @rule(number=st.integers(1, 30))
    def answer_theirs(self, number: int) -> None:
        self.do(self.talk.answer(answer(f"s{number}"), self.now))

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.do(self.talk.tick(self.now))

    @invariant()
    def each_order_goes_out_at_most_once(self) -> None:
        assert len(self.sent) == len(set(self.sent))

    @invariant()
    def each_call_is_answered_at_most_once(self) -> None:
        assert len(self.answered) == len(set(self.answered))
        assert set(self.answered) <= self.called

    @invariant()
    def each_order_is_sent_or_refused_and_never_both(self) -> None:
        assert all(len(words) == 1 for words in self.beginnings.values())
        assert {tag for tag, words in self.beginnings.items() if words == ["Sent"]} == {
            f"operation-{message_id}" for message_id in self.sent
        }

    @invariant()
    def each_order_ends_at_most_once(self) -> None:
        assert all(len(ends) == 1 for ends in self.ends.values())

    @invariant()
    def records_are_numbered_in_order(self) -> None:
        assert self.seqs == list(range(1, len(self.seqs) + 1))

    def teardown(self) -> None:
        self.do(self.talk.ended(self.now, None, ""))
        assert set(self.ends) == set(self.beginnings) == {f"operation-{key}" for key in self.ordered}


TestTalk = Talk.TestCase
TestTalk.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
