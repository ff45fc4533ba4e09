"""A report whose connection goes before the station has answered: what has come stays, and it is asked again."""

import pytest
from operations import STATION, Life, answered
from reports import customer_part, monitors_part

from ocppdiag_contracts.commands import CommandModel, CustomerInformation, GetMonitoringReport
from ocppdiag_contracts.events import CustomerReport, MonitoringReport, Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import news
from ocppdiag_workers.operation import State

REPORT = GetMonitoringReport(id="c1", station=STATION)
TOLD = CustomerInformation(id="c1", station=STATION, report=True, customer_identifier="x")
CLEARED = CustomerInformation(id="c1", station=STATION, report=True, clear=True, customer_identifier="x")


def begun(command: CommandModel = REPORT) -> Life:
    return Life(command).hear(news.Sent(1, 0, (1, 1)))


def test_the_station_begins_at_the_beginning_and_what_is_known_is_not_told_twice() -> None:
    life = begun().notified(monitors_part(0, 1)).hear(news.Lost(3, 0, 1))
    assert (life.operation.state, life.ends) == (State.WAITING, [])
    life.hear(news.Back(4, "node", 2, "ocpp2.0.1"), answered({"status": "Accepted"}, at=5))
    told = len(life.told)
    life.notified(monitors_part(0, 1, seq=2, at=6))
    assert len(life.told) == told
    life.notified(monitors_part(1, 2, tbc=False, seq=3, at=7))
    assert life.end.outcome is Outcome.COMPLETED
    assert isinstance(life.end.result, MonitoringReport)
    monitors = [one.id for data in life.end.result.monitor or () for one in data.variable_monitoring]
    assert (life.end.result.parts, monitors, life.end.result.irregularities) == (2, [1, 2], [])


def test_a_report_may_be_complete_before_the_station_is_back() -> None:
    life = begun().notified(monitors_part(0, 1)).hear(news.Lost(3, 0, 1))
    life.notified(monitors_part(1, 2, tbc=False, at=4))
    assert (life.end.outcome, life.asked) == (Outcome.COMPLETED, 0)


@pytest.mark.parametrize("command", [REPORT, TOLD])
def test_a_station_that_goes_again_and_again_is_given_up_with_what_has_come(command: CommandModel) -> None:
    part = monitors_part(0, 1) if command is REPORT else customer_part(0, "x")
    life = begun(command).notified(part)
    for epoch in (2, 3):
        life.hear(news.Lost(3, 0, epoch - 1), news.Back(4, "node", epoch, "ocpp2.0.1"))
    life.hear(news.Lost(5, 0, 3))
    assert (life.end.outcome, life.end.failure, life.asked) == (Outcome.FAILED, Failure.CONNECTION_LOST, 2)
    assert getattr(life.end.result, "parts", None) == 1


def test_a_customer_that_is_cleared_is_not_asked_twice() -> None:
    life = begun(CLEARED).notified(customer_part(0, "x")).hear(news.Lost(3, 0, 1))
    assert (life.end.outcome, life.end.failure) == (Outcome.FAILED, Failure.CONNECTION_LOST)
    assert isinstance(life.end.result, CustomerReport)
    assert life.end.result.data == "x"


def test_what_the_station_has_accepted_goes_on_whatever_becomes_of_the_connection() -> None:
    life = begun().hear(answered({"status": "Accepted"})).notified(monitors_part(0, 1))
    life.hear(news.Lost(3, 0, 1))
    assert (life.operation.state, life.asked) == (State.ACCEPTED, 0)
    life.notified(monitors_part(1, 2, tbc=False, seq=3, at=7))
    assert life.end.outcome is Outcome.COMPLETED
