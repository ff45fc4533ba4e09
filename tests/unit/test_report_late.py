"""Parts that belong to no report: numbers beyond all that is kept, and what comes when the report has ended."""

from operations import STATION, Life, answered
from reports import monitors_part

from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.events import MonitoringReport, Outcome
from ocppdiag_workers import news, report
from ocppdiag_workers.parts import GRACE_SECONDS, MOST_PARTS


def asked() -> Life:
    life = Life(GetMonitoringReport(id="c1", station=STATION))
    return life.hear(answered({"status": "Accepted"}))


def brought(life: Life) -> MonitoringReport:
    assert isinstance(life.end.result, MonitoringReport)
    return life.end.result


def test_a_number_beyond_all_that_is_kept_is_no_part_of_a_report_and_does_it_no_harm() -> None:
    life = asked().notified(monitors_part(0, 1)).notified(monitors_part(MOST_PARTS, 2))
    assert not life.ends
    life.notified(monitors_part(1, 3, tbc=False))
    assert (life.end.outcome, brought(life).parts) == (Outcome.COMPLETED, 2)


def test_after_the_end_a_part_that_comes_again_is_told_from_one_that_comes_late() -> None:
    life = asked().notified(monitors_part(0, 1)).notified(monitors_part(2, 3, tbc=False, at=10))
    life.hear(news.Woke(10 + GRACE_SECONDS))
    assert brought(life).missing == [1]
    assert [life.had(monitors_part(number, 9, seq=number + 1)) for number in range(4)] == [
        True,
        False,
        True,
        False,
    ], "whether its stamp is older than the newest says nothing"


def test_an_end_without_parts_has_had_none() -> None:
    life = Life(GetMonitoringReport(id="c1", station=STATION)).hear(answered({"status": "Rejected"}))
    assert life.end.result is None
    assert not life.had(monitors_part(0, 1))


def test_a_part_of_another_request_is_none_of_ours() -> None:
    life = asked()
    told = len(life.told)
    life.notified(monitors_part(0, 1, request_id=6))
    assert (len(life.told), report.parts_of(life.operation).arrived) == (told, 0)
