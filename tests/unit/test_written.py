"""What a station lists of its monitors is written once, and on the wire it is what the contract's own models would write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations import REQUEST_ID, STATION, TABLE, Life, as_told, begun, called, decided
from reports import GENERATED_AT, monitored

from ocppdiag_contracts.commands import GetMonitoringReport
from ocppdiag_contracts.device_model import MonitoringData
from ocppdiag_contracts.events import CommandSettled, MonitoringReport, MonitoringReportPartReceived
from ocppdiag_contracts.events.command_settled import MOST_KEPT
from ocppdiag_ocpp.messages.notify_monitoring_report import (
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportRequestV20,
)
from ocppdiag_workers import news

VERSIONS: dict[str, type[NotifyMonitoringReportRequest | NotifyMonitoringReportRequestV20]] = {
    "ocpp2.0.1": NotifyMonitoringReportRequest,
    "ocpp2.0": NotifyMonitoringReportRequestV20,
}
REPORT = GetMonitoringReport(id="c1", station=STATION)

integers = st.integers(-(2**31), 2**31 - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:  # noqa: ANN401
    custom = st.fixed_dictionaries({"vendorId": names, "own": integers})
    return st.fixed_dictionaries(required, optional={**optional, "customData": custom})


monitors = some(
    {
        "id": integers,
        "transaction": st.booleans(),
        "value": st.floats(allow_nan=False, allow_infinity=False) | integers,
        "type": st.sampled_from(
            ["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]
        ),
        "severity": integers,
    }
)
evses = some({"id": integers}, connectorId=integers)
data = some(
    {
        "component": some({"name": names}, evse=evses, instance=names),
        "variable": some({"name": names}, instance=names),
        "variableMonitoring": st.lists(monitors, min_size=1, max_size=3),
    }
)


def sent(seq_no: int, listed: list[dict[str, Any]], *, tbc: bool) -> dict[str, Any]:
    head = {"requestId": REQUEST_ID, "seqNo": seq_no, "tbc": tbc, "generatedAt": GENERATED_AT}
    return {**head, "monitor": listed} if listed else head


@given(st.lists(st.lists(data, min_size=1, max_size=3), min_size=1, max_size=3), st.sampled_from([*VERSIONS]))
def test_parts_and_their_report_say_what_the_station_said_in_the_words_of_the_contract(
    lists: list[list[dict[str, Any]]], version: str
) -> None:
    life, expected = Life(REPORT, version), list[list[MonitoringData]]()
    for number, listed in enumerate(lists):
        content = sent(number, listed, tbc=number < len(lists) - 1)
        life.notified(called("NotifyMonitoringReport", content, seq=number + 1, version=version))
        message = VERSIONS[version].model_validate(content, extra="ignore")
        expected.append(
            [MonitoringData.model_validate(each, from_attributes=True) for each in message.monitor or ()]
        )
    parts = [event for event in life.told if isinstance(event, MonitoringReportPartReceived)]
    assert [part.monitor for part in parts] == expected
    assert isinstance(life.end.result, MonitoringReport)
    assert life.end.result.monitor == [each for several in expected for each in several]
    assert [dict(seen.severities) for seen in life.seen] == [
        {monitor.id: monitor.severity for each in several for monitor in each.variable_monitoring}
        for several in expected
    ]


def test_what_had_to_be_mended_goes_along_as_it_was_sent() -> None:
    record = called(
        "NotifyMonitoringReport", {**sent(0, monitored(1), tbc=True), "tbc": "true", "own": 10**30}
    )
    (inform,) = decided(record).informs
    (event,) = map(as_told, inform.unclaimed())
    assert isinstance(event, MonitoringReportPartReceived)
    assert event.violations
    assert event.payload
    assert (event.payload["tbc"], event.payload["own"]) == ("true", 10**30)
    assert event.monitor


@pytest.mark.parametrize("entries", [MOST_KEPT, MOST_KEPT + 1])
def test_a_report_is_kept_for_later_unless_it_is_too_long(entries: int) -> None:
    content = sent(0, [*monitored(1)] * entries, tbc=False)
    (inform,) = decided(called("NotifyMonitoringReport", content)).informs
    assert isinstance(inform.news, news.PartCame)
    step = TABLE.advance(begun(REPORT), inform.news).with_all((inform.news.part,))
    assert step.final
    told, kept = as_told(step.final), as_told(step.final.for_later())
    assert isinstance(told, CommandSettled)
    assert isinstance(told.result, MonitoringReport)
    assert len(told.result.monitor or ()) == entries
    if entries > MOST_KEPT:
        shortened = told.result.model_copy(update={"monitor": None})
        assert kept == told.model_copy(update={"result": shortened})
    else:
        assert kept == told
