"""Which commands may reach a station twice, when its connection went before the answer, and which may not."""

import pytest
from msgspec.structs import replace
from operations import DUE, STATION, TABLE, Life, begun

from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    CommandModel,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    MonitoringBase,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    TriggerLogStatus,
    WantedMonitor,
)
from ocppdiag_contracts.device_model import Component, MonitorType, Variable
from ocppdiag_contracts.events import Outcome
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_workers import news
from ocppdiag_workers.calls import MOST_LOST
from ocppdiag_workers.operation import State

LEVEL = SetMonitoringLevel(id="c1", station=STATION, severity=3)


def back(epoch: int = 2) -> news.Back:
    return news.Back(100.0, f"node-{epoch}", epoch, "ocpp2.0")


MONITOR = WantedMonitor(
    component=Component(name="EVSE"),
    variable=Variable(name="Power"),
    type=MonitorType.UPPER_THRESHOLD,
    value=1,
    severity=5,
)
OTHER = MONITOR.model_copy(update={"type": MonitorType.LOWER_THRESHOLD})


@pytest.mark.parametrize(
    ("command", "turn", "harmless"),
    [
        (GetMonitoringReport(station=STATION), 0, True),
        (SetMonitoringLevel(station=STATION, severity=3), 0, True),
        (TriggerLogStatus(station=STATION), 0, True),
        (CustomerInformation(station=STATION, report=True, customer_identifier="x"), 0, True),
        (CustomerInformation(station=STATION, clear=True, customer_identifier="x"), 0, False),
        (CustomerInformation(station=STATION, report=True, clear=True, customer_identifier="x"), 0, False),
        (CustomerInformation(station=STATION, report=True, customer_identifier="x"), 1, False),
        (GetLog(station=STATION), 0, False),
        (SetMonitoringBase(station=STATION, monitoring_base=MonitoringBase.ALL), 0, False),
        (SetVariableMonitoring(station=STATION, set_monitoring_data=[MONITOR]), 0, False),
        (SetVariableMonitoring(station=STATION, set_monitoring_data=[MONITOR, OTHER]), 0, True),
        (ClearVariableMonitoring(station=STATION, monitor_ids=[1]), 0, False),
        (ClearVariableMonitoring(station=STATION, monitor_ids=[1, 2]), 0, True),
    ],
    ids=lambda value: getattr(value, "command", str(value)),
)
def test_only_what_changes_nothing_a_second_time_may_be_asked_twice(
    command: CommandModel, turn: int, *, harmless: bool
) -> None:
    """Of many items, the first CALL only asks for the station's limits; a second log is a second upload, a second base
    forgets monitors set meanwhile, and what was cleared has another answer the second time."""
    operation = replace(begun(command), turn=turn)
    assert TABLE.works[operation.name].harmless(operation) is harmless
    state = TABLE.advance(operation, news.Lost(2, turn, 1)).operation.state
    assert state is (State.WAITING if harmless else State.FAILED)


def test_every_command_that_asks_a_station_has_been_judged() -> None:
    asking = {name for name, work in TABLE.works.items() if work.asks_station}
    assert asking == {
        "get_monitoring_report",
        "set_monitoring_level",
        "trigger_log_status",
        "customer_information",
        "get_log",
        "set_monitoring_base",
        "set_variable_monitoring",
        "clear_variable_monitoring",
    }


def test_the_next_calls_of_a_command_with_many_items_are_not_asked_twice() -> None:
    life = Life(ClearVariableMonitoring(id="c1", station=STATION, monitor_ids=[1, 2]))
    life.hear(news.TimedOut(31))
    operation = life.operation
    assert (operation.turn, TABLE.works[operation.name].harmless(operation)) == (1, False)
    assert life.hear(news.Lost(32, 1, 1)).end.failure is Failure.CONNECTION_LOST


@pytest.mark.parametrize("state", [State.QUEUED, State.SENT])
def test_a_lost_connection_is_forgiven_twice(state: State) -> None:
    life = Life(LEVEL)
    for epoch in range(1, MOST_LOST + 1):
        life.operation = replace(life.operation, state=state)
        life.hear(news.Lost(5, 0, epoch))
        assert life.operation.state is State.WAITING
        life.hear(back(epoch + 1))
    assert [event.event for event in life.told] == ["command_waiting"] * MOST_LOST
    life.hear(news.Lost(6, 0, MOST_LOST + 1))
    assert (life.end.outcome, life.end.failure, life.asked) == (
        Outcome.FAILED,
        Failure.CONNECTION_LOST,
        MOST_LOST,
    )


def test_a_connection_lost_at_the_deadline_is_the_end() -> None:
    assert Life(LEVEL).hear(news.Lost(DUE)).end.failure is Failure.CONNECTION_LOST


def test_what_is_asked_again_is_told_as_sent_once_and_owes_its_answer_again() -> None:
    life = Life(LEVEL).hear(news.Sent(1, 0, (1, 1)))
    assert life.operation.unanswered
    life.hear(news.TimedOut(31, 0, 1))
    assert not life.operation.unanswered, "the gateway waits no more"
    life.hear(news.Lost(32, 0, 1))
    assert not life.operation.unanswered
    life.hear(back())
    assert (life.operation.overdue, life.operation.unanswered) == (False, True)
    life.hear(news.Sent(101, 0, (2, 1)))
    assert [event.event for event in life.told] == ["command_sent", "command_waiting"]


@pytest.mark.parametrize("reason", ["gone", "busy", "expired"])
def test_what_was_under_way_when_its_connection_went_is_never_said_to_be_unseen(reason: str) -> None:
    life = Life(LEVEL).hear(news.Sent(1, 0, (1, 1)), news.Lost(2, 0, 1), back())
    life.hear(news.Refused(DUE, reason, 0, 2))
    assert (life.end.failure, life.end.retry) == (Failure.CONNECTION_LOST, Retry.UNKNOWN)
