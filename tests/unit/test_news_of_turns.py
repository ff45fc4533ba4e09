"""Table.advance: whose turn news belongs to, what absorbs it, and what an operation has heard of its station."""

import pytest
from operations import HOUSE, STATION, TABLE, answered, begun, decided, with_turn
from reports import customer_part, monitors_part

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
)
from ocppdiag_contracts.events import LogFile
from ocppdiag_workers import news
from ocppdiag_workers.decide import decide
from ocppdiag_workers.operation import Operation, State, Step, read_tag

OPERATION = begun(ClearVariableMonitoring(id="c1", station=STATION, monitor_ids=[1, 2]))
LOG = begun(GetLog(id="c1", station=STATION))
CUSTOMER = begun(CustomerInformation(id="c1", station=STATION, clear=True, customer_identifier="x"))
REPORT = begun(GetMonitoringReport(id="c1", station=STATION))


def of_turn(turn: int) -> list[news.News]:
    return [
        news.Sent(1, turn),
        news.Refused(1, "gone", turn),
        answered({"clearMonitoringResult": []}, turn),
        news.Errored(1, "InternalError", "", turn),
        news.TimedOut(1, turn),
        news.Lost(1, turn),
    ]


@pytest.mark.parametrize("item", of_turn(1), ids=lambda item: type(item).__name__)
def test_news_of_an_earlier_turn_has_the_call_of_this_one_sent_again_if_it_may_not_have_left(
    item: news.News,
) -> None:
    queued = with_turn(OPERATION, 2)
    assert TABLE.advance(queued, item) == Step(queued, asks=True)
    sent = with_turn(OPERATION, 2, State.SENT)
    assert TABLE.advance(sent, item) == Step(sent)


@pytest.mark.parametrize("item", [news.Woke(2), news.Superseded(2), news.LogArriving(2, 1, None)])
def test_whatever_comes_has_a_next_call_sent_again_that_may_not_have_left(item: news.News) -> None:
    for operation in (OPERATION, REPORT, CUSTOMER):
        queued = with_turn(operation, 2)
        assert TABLE.advance(queued, item) == Step(queued, asks=True)
        for other in (with_turn(operation, 2, State.SENT), with_turn(operation, 0)):
            assert TABLE.advance(other, item) == Step(other), (
                "it has left, or the command's own coming orders it"
            )


@pytest.mark.parametrize("item", of_turn(3), ids=lambda item: type(item).__name__)
def test_news_of_a_turn_that_has_not_begun_means_nothing(item: news.News) -> None:
    queued = with_turn(OPERATION, 2)
    assert TABLE.advance(queued, item) == Step(queued)


@pytest.mark.parametrize(
    "state", [State.COMPLETED, State.REJECTED, State.FAILED, State.EXPIRED, State.CANCELLED]
)
def test_an_end_absorbs_news_of_every_kind(state: State) -> None:
    file = LogFile(location="file:///x", size=1, sha256="0" * 64)
    whatever: list[news.News] = [
        *of_turn(0),
        *of_turn(1),
        news.Woke(1e9),
        news.LogStatus(1, (9, 9), "Uploaded"),
        news.LogArriving(1, 1, None),
        news.LogBroken(1, 1, "broken"),
        news.LogStored(1, file),
        news.Superseded(1),
    ]
    for operation in (OPERATION, LOG, REPORT):
        ended = with_turn(operation, 0, state)
        for item in whatever:
            assert TABLE.advance(ended, item) == Step(ended)


def test_only_the_first_call_is_told_as_sent() -> None:
    first = TABLE.advance(OPERATION, news.Sent(1))
    assert [event.event for event in first.events] == ["command_sent"]
    second = TABLE.advance(with_turn(OPERATION, 1), news.Sent(1, 1))
    assert (second.operation.state, second.events) == (State.SENT, ())


def test_the_stamp_of_the_first_call_is_what_stays_and_the_late_word_of_it_counts_too() -> None:
    record = link.Sent(
        station=STATION,
        node="node",
        connection="c",
        epoch=1,
        seq=4,
        at=1.0,
        version="ocpp2.0.1",
        owner="diagnostics",
        tag="c1",
        action="GetLog",
    )
    (inform,) = decide(record, TABLE, HOUSE, 1.0).informs
    sent = inform.news
    for state in (State.QUEUED, State.SENT, State.ACCEPTED):
        step = TABLE.advance(with_turn(LOG, 0, state), sent)
        assert (step.operation.sent, TABLE.advance(step.operation, sent)) == ((1, 4), Step(step.operation))
    assert TABLE.advance(with_turn(OPERATION, 1), news.Sent(1, 1, (1, 4))).operation.sent == (0, 0)


def test_each_turn_has_a_tag_and_a_message_id_of_its_own_and_always_the_same() -> None:
    turns = [with_turn(OPERATION, turn) for turn in range(20)]
    assert [read_tag(operation.tag) for operation in turns] == [("c1", turn) for turn in range(20)]
    ids = [operation.message_id for operation in turns]
    assert len(set(ids)) == 20
    assert ids == [with_turn(OPERATION, turn, State.SENT).message_id for turn in range(20)]
    assert max(map(len, ids)) <= 36


def _part(record: link.Called) -> news.PartCame:
    (inform,) = decided(record).informs
    assert isinstance(inform.news, news.PartCame)
    return inform.news


def test_the_newest_that_changed_something_is_what_was_heard() -> None:
    heard: list[tuple[int, int]] = []
    current: Operation = REPORT
    for seq in (5, 3, 9):
        step = TABLE.advance(current, _part(monitors_part(seq, seq, seq=seq)))
        current = step.operation
        heard.append(current.heard)
    assert heard == [(1, 5), (1, 5), (1, 9)]


def test_an_end_that_a_part_brings_remembers_having_heard_it() -> None:
    for operation, record in (
        (REPORT, monitors_part(0, 1, tbc=False, seq=7)),
        (
            begun(CustomerInformation(id="c1", station=STATION, clear=True, customer_identifier="x")),
            customer_part(0, "", tbc=False, seq=7),
        ),
    ):
        item = _part(record)
        step = TABLE.advance(operation, item).with_all((item.part,))
        assert step.operation.ended
        assert step.operation.heard == (1, 7)


def test_what_changes_nothing_was_not_heard() -> None:
    reported = TABLE.advance(LOG, news.LogStatus(1, (1, 4), "Uploading")).operation
    assert reported.heard == (1, 4)
    older = news.LogStatus(2, (1, 3), "Uploading")
    assert TABLE.advance(reported, older).operation.heard == (1, 4)


def test_the_calls_of_one_turn_move_on_with_its_own_news() -> None:
    step = TABLE.advance(OPERATION, news.TimedOut(31))
    assert (step.operation.turn, step.operation.state, step.asks) == (1, State.QUEUED, True)
