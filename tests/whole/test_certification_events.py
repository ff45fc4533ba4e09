"""OCPP's certification tests of a CSMS about events of stations, played by an independent station, each by its number."""

import asyncio

from installation import Installation
from ocpp.v201 import call
from tester import PATIENCE_SECONDS, Payload, scripted_station

from ocppdiag_contracts.events import ConnectorStatusReported, Event, EventReported

AT = "2026-01-31T12:00:00Z"


def event(name: str, variable: str, **others: object) -> Payload:
    """An event as the package wants it."""
    return {
        "event_id": 7,
        "timestamp": AT,
        "trigger": "Delta",
        "actual_value": "true",
        "event_notification_type": "HardWiredNotification",
        "component": {"name": name, "evse": {"id": 1, "connector_id": 1}},
        "variable": {"name": variable},
        **others,
    }


async def heard_of(installation: Installation, name: str, *notifications: list[Payload]) -> list[Event]:
    """Have the station tell events, and return what an onlooker hears: one a piece, and each notification is thanked."""
    async with (
        scripted_station(installation, name) as station,
        installation.diagnostics() as operator,
        operator.listen(f"event_reported.{name}") as heard,
    ):
        for events in notifications:
            await station.says(call.NotifyEvent(generated_at=AT, seq_no=0, event_data=events))
        count = sum(map(len, notifications))
        return [await asyncio.wait_for(anext(heard), PATIENCE_SECONDS) for _ in range(count)]


async def the_one_heard_of(installation: Installation, name: str, told: Payload) -> EventReported:
    (reported,) = await heard_of(installation, name, [told])
    assert isinstance(reported, EventReported)
    assert reported.violations == []
    assert reported.component.model_dump(exclude_none=True) == told["component"]
    assert reported.variable.model_dump(exclude_none=True) == told["variable"]
    return reported


async def test_tc_n_21_csms_a_hard_wired_event_is_heard(installation: Installation, name: str) -> None:
    told = event("Connector", "Temperature", trigger="Alerting", event_notification_type="HardWiredMonitor")
    reported = await the_one_heard_of(installation, name, told)
    assert (reported.event_notification_type, reported.trigger) == ("HardWiredMonitor", "Alerting")


async def test_tc_n_24_csms_periodic_events_are_heard_one_by_one(
    installation: Installation, name: str
) -> None:
    """In one notification and in several, each of which counts itself 0."""
    told = [
        event(
            "Connector",
            "Temperature",
            event_id=number,
            actual_value=f"{20 + number}.5",
            trigger="Periodic",
            event_notification_type="CustomMonitor",
            variable_monitoring_id=17,
        )
        for number in range(1, 5)
    ]
    heard = await heard_of(installation, name, told[:1], told[1:2], told[2:])
    assert [reported.actual_value for reported in heard if isinstance(reported, EventReported)] == [
        "21.5",
        "22.5",
        "23.5",
        "24.5",
    ]
    assert len({reported.id for reported in heard}) == 4


async def test_tc_n_48_csms_a_value_that_cannot_be_read_is_empty(
    installation: Installation, name: str
) -> None:
    reported = await the_one_heard_of(installation, name, event("Connector", "Secret", actual_value=""))
    assert reported.actual_value == ""


async def test_tc_n_49_csms_an_alert_is_cleared_that_was_never_heard_of(
    installation: Installation, name: str
) -> None:
    told = event(
        "Connector",
        "Temperature",
        trigger="Alerting",
        cleared=True,
        variable_monitoring_id=99,
        event_notification_type="CustomMonitor",
    )
    reported = await the_one_heard_of(installation, name, told)
    assert reported.cleared
    assert (reported.variable_monitoring_id, reported.severity) == (99, None)


async def test_tc_n_50_csms_a_periodic_trigger_is_heard(installation: Installation, name: str) -> None:
    told = event(
        "Connector", "Temperature", trigger="Periodic", event_notification_type="PreconfiguredMonitor"
    )
    reported = await the_one_heard_of(installation, name, told)
    assert (reported.trigger, reported.cleared) == ("Periodic", False)


async def test_tc_g_20_csms_a_connector_lock_that_fails_is_heard(
    installation: Installation, name: str
) -> None:
    told = event("ConnectorPlugRetentionLock", "Problem", trigger="Alerting")
    reported = await the_one_heard_of(installation, name, told)
    assert (reported.actual_value, reported.trigger) == ("true", "Alerting")


async def test_the_state_of_a_connector_may_come_as_an_event(installation: Installation, name: str) -> None:
    """What every certification test may begin with instead of a StatusNotification."""
    told = event("Connector", "AvailabilityState", actual_value="Available")
    async with (
        scripted_station(installation, name) as station,
        installation.diagnostics() as operator,
        operator.listen(f"connector_status_reported.{name}") as heard,
    ):
        await station.says(call.NotifyEvent(generated_at=AT, seq_no=0, event_data=[told]))
        reported = await asyncio.wait_for(anext(heard), PATIENCE_SECONDS)
    assert isinstance(reported, ConnectorStatusReported)
    assert (reported.evse_id, reported.connector_id, reported.status) == (1, 1, "Available")
