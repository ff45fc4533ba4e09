"""SetMonitoringBase and SetMonitoringLevel: one CALL, whose answer is the end."""

import pytest
from operations import DUE, STATION, Life, answered

from ocppdiag_contracts.commands import CommandModel, MonitoringBase, SetMonitoringBase, SetMonitoringLevel
from ocppdiag_contracts.events import Answer, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news
from ocppdiag_workers.operation import MonitorsSeen

BASE = SetMonitoringBase(id="c1", station=STATION, monitoring_base=MonitoringBase.FACTORY_DEFAULT)
LEVEL = SetMonitoringLevel(id="c1", station=STATION, severity=0)
VERSIONS = ("ocpp2.0.1", "ocpp2.0")
BOTH = pytest.mark.parametrize("command", [BASE, LEVEL], ids=["base", "level"])
EITHER = pytest.mark.parametrize("version", VERSIONS)


@EITHER
def test_each_asks_with_what_the_command_says(version: str) -> None:
    assert Life(BASE, version).ask() == ("SetMonitoringBase", {"monitoringBase": "FactoryDefault"})
    assert Life(LEVEL, version).ask() == ("SetMonitoringLevel", {"severity": 0})


def test_the_base_that_has_another_name_in_2_0_goes_by_it() -> None:
    hard_wired = BASE.model_copy(update={"monitoring_base": MonitoringBase.HARD_WIRED_ONLY})
    assert Life(hard_wired).ask() == ("SetMonitoringBase", {"monitoringBase": "HardWiredOnly"})
    assert Life(hard_wired, "ocpp2.0").ask() == ("SetMonitoringBase", {"monitoringBase": "None"})


@BOTH
@EITHER
def test_accepted_completes(command: CommandModel, version: str) -> None:
    end = Life(command, version).hear(news.Sent(0.5), answered({"status": "Accepted"})).end
    assert (end.outcome, end.failure, end.retry) == (Outcome.COMPLETED, None, None)
    assert end.result == Answer(status="Accepted")


@pytest.mark.parametrize(
    ("command", "status", "outcome", "failure"),
    [
        (BASE, "Rejected", Outcome.REJECTED, Failure.REJECTED),
        (BASE, "NotSupported", Outcome.REJECTED, Failure.NOT_SUPPORTED),
        (BASE, "EmptyResultSet", Outcome.REJECTED, Failure.REJECTED),
        (LEVEL, "Rejected", Outcome.REJECTED, Failure.REJECTED),
        (LEVEL, "NotSupported", Outcome.FAILED, Failure.STATION_ERROR),
        (LEVEL, "Nonsense", Outcome.FAILED, Failure.STATION_ERROR),
    ],
    ids=lambda value: str(getattr(value, "command", value)),
)
def test_another_answer_says_why_not(
    command: CommandModel, status: str, outcome: Outcome, failure: Failure
) -> None:
    content = {"status": status, "statusInfo": {"reasonCode": "Because", "additionalInfo": "it rains"}}
    end = Life(command).hear(answered(content)).end
    assert (end.outcome, end.failure) == (outcome, failure)
    if outcome is Outcome.REJECTED:
        assert end.result == Answer(status=status, reason_code="Because")
        assert (end.detail, end.reason) == (f"the station answered {status}", "Because: it rains")
        assert end.for_all() == end, "nothing is hidden of a command that holds no secret"
    else:
        assert end.result is None


@BOTH
@pytest.mark.parametrize(
    ("items", "outcome", "failure"),
    [
        ([news.Errored(1, "NotImplemented", "")], Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ([news.Errored(1, "NotSupported", "")], Outcome.REJECTED, Failure.NOT_SUPPORTED),
        ([news.Errored(1, "InternalError", "x")], Outcome.FAILED, Failure.STATION_ERROR),
        ([news.Answered(1, b"{}")], Outcome.FAILED, Failure.STATION_ERROR),
        ([news.Refused(1, "busy")], Outcome.FAILED, Failure.BUSY),
        ([news.Refused(1, "withdrawn")], Outcome.CANCELLED, Failure.CANCELLED),
        ([news.Sent(1), news.TimedOut(31), news.Woke(DUE)], Outcome.EXPIRED, Failure.NO_ANSWER),
        ([news.Woke(DUE)], Outcome.EXPIRED, Failure.NO_ANSWER),
    ],
)
def test_whatever_else_may_come_is_an_end_too(
    command: CommandModel, items: list[news.News], outcome: Outcome, failure: Failure
) -> None:
    end = Life(command).hear(*items).end
    assert (end.outcome, end.failure, end.result) == (outcome, failure, None)


def test_a_connection_that_goes_ends_the_base_and_has_the_level_set_on_the_next_one() -> None:
    end = Life(BASE).hear(news.Sent(1), news.Lost(2)).end
    assert (end.outcome, end.failure, end.result) == (Outcome.FAILED, Failure.CONNECTION_LOST, None)
    life = Life(LEVEL).hear(news.Sent(1), news.Lost(2), news.Back(3, "node", 2, "ocpp2.0"))
    assert (life.asked, life.ask()) == (1, ("SetMonitoringLevel", {"severity": 0}))
    assert life.hear(answered({"status": "Accepted"})).end.outcome is Outcome.COMPLETED


@BOTH
def test_a_late_answer_still_counts_and_a_second_one_does_not(command: CommandModel) -> None:
    life = Life(command).hear(news.Sent(1), news.TimedOut(31), news.Woke(DUE - 1))
    assert not life.ends
    life.hear(answered({"status": "Accepted"}, at=40), answered({"status": "Rejected"}, at=41))
    assert life.end.outcome is Outcome.COMPLETED


def test_after_a_base_was_set_nothing_is_known_of_the_stations_monitors() -> None:
    assert Life(BASE).hear(answered({"status": "Accepted"})).seen == [MonitorsSeen(all_gone=True)]
    assert Life(BASE).hear(answered({"status": "Rejected"})).seen == []
    assert Life(LEVEL).hear(answered({"status": "Accepted"})).seen == []
