"""A station drops an upload for a newer one: the older ends, and no other."""

from msgspec.structs import replace
from operations import STATION, TABLE, answered, begun

from ocppdiag_contracts.commands import GetLog
from ocppdiag_contracts.events import CommandAccepted
from ocppdiag_workers import news
from ocppdiag_workers.operation import State, Step

OPERATION = begun(GetLog(id="c1", station=STATION))


def test_accepted_canceled_supersedes_the_stations_other_uploads() -> None:
    step = TABLE.advance(OPERATION, answered({"status": "AcceptedCanceled"}))
    assert step.supersedes
    assert isinstance(step.events[0], CommandAccepted)
    other = TABLE.advance(OPERATION, news.Superseded(10)).operation
    assert not other.ended
    assert other.wake_at == 70
    assert TABLE.advance(other, news.Woke(70)).operation.state is State.CANCELLED


def test_accepted_canceled_supersedes_what_was_asked_before_it_and_nothing_after() -> None:
    asked = [replace(OPERATION, request_id=number) for number in (4, 5, 6, 2**31 - 1, 1)]
    assert asked[0].older_than(asked[1])
    assert not asked[2].older_than(asked[1])
    assert not asked[1].older_than(asked[1])
    assert asked[3].older_than(asked[4]), "the count begins again at 1"


def test_an_answer_told_again_says_nothing() -> None:
    accepted = TABLE.advance(OPERATION, answered({"status": "AcceptedCanceled"})).operation
    assert TABLE.advance(accepted, answered({"status": "AcceptedCanceled"})) == Step(accepted)
    plain = TABLE.advance(OPERATION, answered({"status": "Accepted"})).operation
    assert TABLE.advance(plain, answered({"status": "Accepted"})) == Step(plain)


def test_at_its_deadline_a_superseded_upload_is_known_to_be_that() -> None:
    other = TABLE.advance(OPERATION, news.Superseded(OPERATION.due - 5)).operation
    step = TABLE.advance(other, news.Woke(OPERATION.due))
    assert step.operation.state is State.CANCELLED
