"""Orders for connections that are not there: what of them proves that the station was not asked, and what does not."""

import pytest
from msgspec.structs import replace
from turns import EPOCH, conversation, kinds, order, records_of

from ocppdiag_contracts import link
from ocppdiag_gateway.absent import not_here
from ocppdiag_workers import news
from ocppdiag_workers.decide import decide, unsent
from ocppdiag_workers.feature import House
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.table import Table

TABLE, HOUSE = Table(FEATURES), House("http://127.0.0.1:1", b"k" * 32)
FIRST = replace(order(), tag="c1/0")
AGAIN = replace(FIRST, again=True)


def heard(record: link.ToWorkers) -> news.News:
    (inform,) = decide(record, TABLE, HOUSE, 1.0).informs
    return inform.news


def test_a_gateway_without_the_connection_refuses_a_first_order_and_cannot_know_of_one_that_comes_again() -> (
    None
):
    assert heard(not_here(FIRST, "here", 2.0)) == news.Refused(2.0, "gone", 0, EPOCH)
    assert heard(not_here(AGAIN, "here", 2.0)) == news.Lost(2.0, 0, EPOCH)


def test_so_does_one_with_a_newer_connection() -> None:
    newer = replace(FIRST, epoch=EPOCH - 1), replace(AGAIN, epoch=EPOCH - 1)
    refused, lost = (conversation().order(each, 0) for each in newer)
    assert (kinds(refused), kinds(lost)) == (["Refused"], ["Lost"])
    assert [records_of(each)[0].epoch for each in (refused, lost)] == [EPOCH - 1, EPOCH - 1]


def test_a_connection_that_stands_takes_an_order_that_comes_again_once() -> None:
    talk = conversation()
    assert kinds(talk.order(AGAIN, 0)) == ["Send", "Sent"]
    assert talk.order(AGAIN, 0) == []


@pytest.mark.parametrize(
    ("taken", "expected"),
    [(FIRST, news.Refused(3.0, "gone", 0, EPOCH)), (AGAIN, news.Lost(3.0, 0, EPOCH))],
)
def test_so_does_a_queue_in_which_nobody_took_it(taken: link.Call, expected: news.News) -> None:
    (inform,) = unsent(taken, 3.0).informs
    assert inform.news == expected
