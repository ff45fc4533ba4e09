"""NotifyEvent: each event for itself, with the severity of its monitor, in the words of both versions."""

from typing import Any

import pytest
from operations import STATION, called, decided

from ocppdiag_contracts import link
from ocppdiag_contracts.events import ConnectorStatusReported, Event, EventReported
from ocppdiag_ocpp.receive import MOST_MENDS
from ocppdiag_workers.decide import Decision

AT = "2026-01-31T12:00:00Z"


def event(number: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {
        "eventId": number,
        "timestamp": AT,
        "trigger": "Alerting",
        "actualValue": "42",
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "eventNotificationType": "CustomMonitor",
        "variable": {"name": "Power"},
        **more,
    }


def event_20(number: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    content = {**event(number), "cleared": False, **more}
    del content["eventNotificationType"]
    return content


def notified(*events: dict[str, Any], **frame: Any) -> Decision:  # noqa: ANN401 (a frame's fields)
    content = {"generatedAt": AT, "seqNo": 0, "tbc": False, "eventData": list(events)}
    return decided(called("NotifyEvent", content, **frame))


def told(decision: Decision, severities: dict[int, int] | None = None) -> tuple[Event, ...]:
    assert decision.severities
    return decision.severities.events(severities or {})


def test_each_event_has_the_severity_of_its_monitor_as_far_as_it_is_known() -> None:
    decision = notified(
        event(1, variableMonitoringId=7),
        event(2, variableMonitoringId=3),
        event(3, variableMonitoringId=0),
        event(4, eventNotificationType="HardWiredNotification"),
        event(5, variableMonitoringId=7),
    )
    assert decision.severities
    assert decision.severities.monitors == (0, 3, 7), "each is looked up once; 0 is an id"
    reported = told(decision, {7: 2, 0: 9})
    assert [getattr(one, "severity", "") for one in reported] == [2, None, 9, None, 2]
    assert [getattr(one, "variable_monitoring_id", "") for one in reported] == [7, 3, 0, None, 7]


def test_all_that_the_station_said_is_told() -> None:
    decision = notified(
        event(
            9,
            cleared=True,
            cause=8,
            techCode="E1",
            techInfo="hot",
            transactionId="t1",
            variableMonitoringId=7,
            actualValue="",
        )
    )
    (reported,) = told(decision, {7: 0})
    assert isinstance(reported, EventReported)
    assert reported.model_dump(mode="json", exclude={"component", "variable", "time"}) == {
        "id": f"{STATION}/1.1/0",
        "schema_version": 1,
        "station": STATION,
        "violations": [],
        "payload": None,
        "event": "event_reported",
        "event_id": 9,
        "happened_at": AT,
        "trigger": "Alerting",
        "event_notification_type": "CustomMonitor",
        "actual_value": "",
        "cleared": True,
        "cause": 8,
        "tech_code": "E1",
        "tech_info": "hot",
        "transaction_id": "t1",
        "variable_monitoring_id": 7,
        "severity": 0,
    }
    assert (reported.component.name, reported.variable.name) == ("EVSE", "Power")


def test_a_20_station_brings_the_whole_monitor_and_needs_no_memory_of_ours() -> None:
    monitor = {"id": 7, "transaction": False, "value": 1, "type": "Delta", "severity": 3}
    decision = notified(
        event_20(1, variableMonitoringEvent=monitor), event_20(2, cleared=True), version="ocpp2.0"
    )
    assert decision.severities
    assert decision.severities.monitors == ()
    first, second = told(decision, {7: 9})
    assert isinstance(first, EventReported)
    assert isinstance(second, EventReported)
    assert (first.variable_monitoring_id, first.severity, first.cleared) == (7, 3, False)
    assert (second.variable_monitoring_id, second.severity, second.cleared) == (None, None, True)
    assert first.event_notification_type is None
    assert (first.violations, second.violations) == ([], [])


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.0"])
@pytest.mark.parametrize(
    ("component", "variable"), [("Connector", "AvailabilityState"), ("CONNECTOR", "availabilitystate")]
)
def test_the_state_of_a_connector_is_told_as_such_too(component: str, variable: str, version: str) -> None:
    make = event if version == "ocpp2.0.1" else event_20
    about = {
        "component": {"name": component, "evse": {"id": 2, "connectorId": 1}},
        "variable": {"name": variable},
        "actualValue": "Faulted",
        "trigger": "Delta",
    }
    reported, status = told(notified(make(1, **about), version=version))
    assert isinstance(status, ConnectorStatusReported)
    assert isinstance(reported, EventReported)
    assert status.id == f"{reported.id}/connector"
    assert (status.evse_id, status.connector_id, status.status) == (2, 1, "Faulted")
    assert status.since == reported.happened_at


@pytest.mark.parametrize(
    "about",
    [
        {"component": {"name": "Connector"}, "variable": {"name": "AvailabilityState"}},
        {"component": {"name": "Connector", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}},
        {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}},
        {
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            "variable": {"name": "Problem"},
        },
    ],
)
def test_what_is_no_state_of_one_connector_is_an_event_and_no_more(about: dict[str, Any]) -> None:
    assert [one.event for one in told(notified(event(1, **about)))] == ["event_reported"]


def test_no_two_events_share_an_id_even_when_the_station_counts_none() -> None:
    connector = {
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    ids = [
        one.id
        for seq in (1, 2)
        for one in told(notified(event(0), event(0, **connector), event(0, **connector), seq=seq))
    ]
    assert len(ids) == len(set(ids)) == 2 * (3 + 2)
    assert ids == [
        one.id
        for seq in (1, 2)
        for one in told(notified(event(0), event(0, **connector), event(0, **connector), seq=seq, at=99.0))
    ], "the same frame told again is the same events"


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.0"])
def test_it_is_thanked(version: str) -> None:
    decision = notified(event() if version == "ocpp2.0.1" else event_20(), version=version)
    assert isinstance(decision.answer, link.Answer)
    assert bytes(decision.answer.payload) == b"{}"
    assert (decision.events, decision.informs) == ((), ())


def mended(decision: Decision) -> list[tuple[list[str], dict[str, Any] | None]]:
    reported = [one for one in told(decision) if isinstance(one, EventReported)]
    return [(one.violations, one.payload) for one in reported]


def test_each_event_has_what_was_wrong_with_itself_and_only_itself_as_it_was_sent() -> None:
    several = [event(1), event(2, cleared="true"), event(3), *[event(4)] * 7, event(5, cleared="false")]
    assert mended(notified(*several)) == [
        ([], None),
        (["eventData.1.cleared: bool_type"], several[1]),
        *[([], None)] * 8,
        (["eventData.10.cleared: bool_type"], several[10]),
    ], "10 is not 1"


def test_what_was_wrong_with_none_of_them_goes_along_with_the_first() -> None:
    content = {"generatedAt": AT, "seqNo": "0", "eventData": [event(1), event(2, cleared="true"), None]}
    first, second = mended(decided(called("NotifyEvent", content)))
    assert first == (["seqNo: int_type", "eventData.2: model_type"], event(1))
    assert second == (["eventData.1.cleared: bool_type"], event(2, cleared="true"))


def test_no_more_is_said_of_what_was_wrong_than_is_read() -> None:
    nothing = [event(number, transactionId=None) for number in range(MOST_MENDS + 20)]
    violations = [text for one, _ in mended(notified(*nothing)) for text in one]
    assert violations == [f"eventData.{number}.transactionId: null" for number in range(MOST_MENDS)]


@pytest.mark.parametrize("events", [[], [{}]])
def test_no_event_at_all_is_refused(events: list[dict[str, Any]]) -> None:
    assert isinstance(notified(*events).answer, link.Refuse)
