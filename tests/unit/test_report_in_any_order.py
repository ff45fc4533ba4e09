"""A report under any interleaving of what may happen: one end, which absorbs, with exactly the parts that came."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from operations import DUE, STATION, Life, answered
from reports import monitors_part

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.device_model import Component, ComponentVariable
from ocppdiag_contracts.events import MonitoringReport, Outcome
from ocppdiag_workers import news, report
from ocppdiag_workers.features.get_monitoring_report import FEW
from ocppdiag_workers.operation import State

LONG = [ComponentVariable(component=Component(name=f"C{number}")) for number in range(FEW + 1)]
STATUSES = ("Accepted", "Rejected", "NotSupported", "EmptyResultSet", "Nonsense", 42)


class ReportMachine(RuleBasedStateMachine):
    """A station that sends the parts of a report, some of them twice or in two versions, and all else that may come."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 1.0
        self.seq = 0
        self.came: list[tuple[int, int]] = []
        self.records: list[link.Called] = []

    @initialize(last=st.integers(0, 4), first=st.sampled_from([0, 0, 0, 1]), long=st.booleans())
    def ask(self, last: int, first: int, *, long: bool) -> None:
        self.numbers = range(first, max(first, last) + 1)
        self.life = Life(
            GetMonitoringReport(id="c1", station=STATION, component_variable=LONG if long else None)
        )
        if long:
            self.life.hear(news.Sent(1), news.Errored(1, "InternalError", ""))
            assert (self.life.operation.turn, self.life.operation.state) == (1, State.QUEUED)
        self.turn = int(long)

    @rule(data=st.data(), variant=st.sampled_from([0, 0, 0, 1]))
    def part(self, data: st.DataObject, variant: int) -> None:
        number = data.draw(st.sampled_from(self.numbers))
        self._bring(number, variant)

    @precondition(lambda self: self.came)
    @rule(data=st.data())
    def the_same_part_again(self, data: st.DataObject) -> None:
        self._bring(*data.draw(st.sampled_from(self.came)))

    @rule()
    def sent(self) -> None:
        self._hear(news.Sent(self.at, self.turn))

    @rule(status=st.sampled_from(STATUSES))
    def answer(self, status: object) -> None:
        self._hear(answered({"status": status}, self.turn, self.at))

    @rule(code=st.sampled_from(["NotImplemented", "InternalError"]))
    def error(self, code: str) -> None:
        self._hear(news.Errored(self.at, code, "", self.turn))

    @rule()
    def timeout(self) -> None:
        self._hear(news.TimedOut(self.at, self.turn))

    @rule()
    def lose(self) -> None:
        self._hear(news.Lost(self.at, self.turn))

    @rule(reason=st.sampled_from(["busy", "gone"]))
    def refuse(self, reason: str) -> None:
        self._hear(news.Refused(self.at, reason, self.turn))

    @rule(turn=st.integers(0, 3), data=st.data())
    def news_of_another_turn(self, turn: int, data: st.DataObject) -> None:
        if turn == self.turn:
            return
        stale: list[news.News] = [
            news.Sent(self.at, turn),
            answered({"status": "Rejected"}, turn, self.at),
            news.Errored(self.at, "InternalError", "", turn),
            news.TimedOut(self.at, turn),
            news.Lost(self.at, turn),
            news.Refused(self.at, "gone", turn),
        ]
        before, asked = self.life.operation, self.life.asked
        self._hear(data.draw(st.sampled_from(stale)))
        assert self.life.operation == before
        unsent = before.state is State.QUEUED and turn < before.turn
        assert self.life.asked - asked == unsent, "whether the CALL of this turn has left is not known"

    @rule(later=st.sampled_from([0.0, 1.0, 30.0, 61.0]))
    def wake(self, later: float) -> None:
        self.at = min(self.at + later, DUE)
        self._hear(news.Woke(self.at))

    def _bring(self, number: int, variant: int) -> None:
        part = (number, variant)
        self.seq += 1
        ended = self.life.operation.ended
        again = part in self.came
        told = len(self.life.told)
        before = self.life.operation
        tbc = number != self.numbers[-1]
        record = monitors_part(number, 10 * number + variant, tbc=tbc, seq=self.seq, at=self.at)
        self.life.notified(record)
        if not ended and not again:
            self.came.append(part)
            assert self.life.operation.heard == (1, self.seq)
            self.records.append(record)
        if ended:
            assert not self.life.had(record), "late, or another part under the same number"
            assert all(map(self.life.had, self.records)), (
                "the very messages that came before, delivered again"
            )
        if again:
            assert (self.life.operation, len(self.life.told)) == (before, told), "a repeat says nothing"
        self.at += 0.5

    def _hear(self, item: news.News) -> None:
        self.life.hear(item)
        self.at += 0.5

    @invariant()
    def there_is_one_end_at_most_and_no_event_twice(self) -> None:
        told = [event.id for event in self.life.told]
        assert len(self.life.ends) <= 1
        assert len(told) == len(set(told))
        assert bool(self.life.ends) == self.life.operation.ended
        assert self.life.operation.wake_at <= DUE

    @invariant()
    def what_has_come_is_on_record(self) -> None:
        if not self.life.operation.ended:
            parts = report.parts_of(self.life.operation)
            assert parts.arrived == len(self.came)
            assert not parts.complete

    def teardown(self) -> None:
        if not hasattr(self, "life"):
            return
        self.life.hear(news.Woke(DUE))
        end = self.life.end
        assert (end.failure is None) == (end.outcome is Outcome.COMPLETED)
        if end.result is None:
            assert not self.came
            return
        assert isinstance(end.result, MonitoringReport)
        assert end.result.monitor is not None
        brought = [monitor.id for data in end.result.monitor for monitor in data.variable_monitoring]
        assert brought == self._expected()
        assert end.result.parts == len(brought)
        if end.outcome is Outcome.COMPLETED:
            assert end.result.missing == []

    def _expected(self) -> list[int]:
        """The first that came under each number; all in their order where there is but one number."""
        numbers = {number for number, _ in self.came}
        if len(numbers) == 1:
            return [10 * number + variant for number, variant in self.came]
        firsts = dict(reversed(self.came))
        return [10 * number + firsts[number] for number in sorted(firsts)]


TestReportInAnyOrder = ReportMachine.TestCase
TestReportInAnyOrder.settings = settings(max_examples=150, stateful_step_count=25)
