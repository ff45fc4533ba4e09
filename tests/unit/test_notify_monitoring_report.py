"""NotifyMonitoringReport: every part is thanked, and told to whom it belongs."""

import pytest
from operations import STATION, as_told, called, decided
from reports import monitors_part

from ocppdiag_contracts import link
from ocppdiag_contracts.events import MonitoringReportPartReceived
from ocppdiag_workers.parts import MOST_PARTS

VERSIONS = ("ocpp2.0.1", "ocpp2.0")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_part_is_thanked_and_what_nobody_asked_for_is_told_as_such(version: str) -> None:
    decision = decided(monitors_part(0, 1, request_id=77, version=version))
    (inform,) = decision.informs
    assert inform.request == ("report", 77)
    (event,) = map(as_told, inform.unclaimed())
    assert isinstance(event, MonitoringReportPartReceived)
    assert (event.command_id, event.request_id, event.id) == (None, 77, f"{STATION}/1.1")
    assert isinstance(decision.answer, link.Answer)
    assert bytes(decision.answer.payload) == b"{}"


@pytest.mark.parametrize(
    "record",
    [
        monitors_part(-1, 1),
        monitors_part(MOST_PARTS, 1),
        monitors_part(2**31 - 1, 1, tbc=False),
        monitors_part(0, 1, request_id=None, version="ocpp2.0"),
    ],
    ids=["a number below 0", "beyond all that is kept", "far beyond", "no requestId, which OCPP 2.0 allows"],
)
def test_what_is_no_part_of_anything_is_told_and_thanked(record: link.Called) -> None:
    decision = decided(record)
    assert decision.informs == ()
    assert [as_told(event).event for event in decision.events] == ["monitoring_report_part_received"]
    assert isinstance(decision.answer, link.Answer)
    assert bytes(decision.answer.payload) == b"{}"


def test_the_largest_number_that_is_kept_is_a_part() -> None:
    assert decided(monitors_part(MOST_PARTS - 1, 1)).informs


def test_what_is_no_report_is_refused() -> None:
    decision = decided(called("NotifyMonitoringReport", {"seqNo": "x"}))
    assert isinstance(decision.answer, link.Refuse)
