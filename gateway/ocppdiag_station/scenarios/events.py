"""Faults with events (OCPP 2.0.1 N07, N08, A04)."""

from collections.abc import Callable, Iterable
from typing import Any

from ocppdiag_station.bends import calling, only, without
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.steps import Bend, Call, Script
from ocppdiag_station.words import Payload

EVENT = "NotifyEvent"
STORM = 200
LONG_AGO = "2026-01-02T10:00:00Z"


def _in_events(change: Callable[[Payload], Payload]) -> Bend:
    return calling(
        (EVENT,), lambda payload: {**payload, "eventData": [change(item) for item in payload["eventData"]]}
    )


def _numbered(payload: Payload) -> Payload:
    return {**payload, "seqNo": payload["eventData"][0]["eventId"]}


def _uncleared(_: str, script: Script) -> Script:
    def told(step: Call) -> bool:
        return not (step.action == EVENT and all(item.get("cleared") for item in step.payload["eventData"]))

    return tuple(step for step in script if not isinstance(step, Call) or told(step))


def _event(at: str, number: int, **members: Any) -> Payload:  # noqa: ANN401 (JSON)
    """Write an event that no monitor of the station is behind."""
    return {
        "eventId": number,
        "timestamp": at,
        "trigger": "Alerting",
        "actualValue": "25",
        "component": {"name": "ChargingStation"},
        "variable": {"name": "Temperature"},
        "eventNotificationType": "HardWiredNotification",
        "cleared": False,
        **members,
    }


def _when_up(calls: Callable[[str], Iterable[Call]]) -> Bend:
    """Make CALLs once the first connector's state is told, of the same time."""

    def bend(script: Script) -> Script:
        (status,) = script
        if not (
            isinstance(status, Call) and (status.payload["evseId"], status.payload["connectorId"]) == (1, 1)
        ):
            return script
        return (status, *calls(status.payload["timestamp"]))

    return only(("StatusNotification",), bend)


def _events(*events: Payload) -> Bend:
    return _when_up(
        lambda at: (
            Call(
                EVENT,
                {"generatedAt": at, "seqNo": 0, "tbc": False, "eventData": [_event(at, number, **event)]},
            )
            for number, event in enumerate(events, 9001)
        )
    )


def _security(kind: str) -> Bend:
    return _when_up(lambda at: [Call("SecurityEventNotification", {"type": kind, "timestamp": at})] * 2)


PROBLEM: Payload = {
    "actualValue": "true",
    "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "Problem"},
    "techCode": "E-17",
    "techInfo": "residual current",
}


def _without_kind(item: Payload) -> Payload:
    return {name: value for name, value in item.items() if name != "eventNotificationType"}


SCENARIOS = {
    "events-all-zero": Scenario(
        "gives each NotifyEvent the seqNo 0 and no tbc",
        bends=(calling((EVENT,), lambda payload: {**without("tbc")(payload), "seqNo": 0}),),
    ),
    "events-numbered": Scenario(
        "N07.FR.07: counts on in seqNo from one NotifyEvent to the next",
        bends=(calling((EVENT,), _numbered),),
    ),
    "event-kind-missing": Scenario(
        "leaves eventNotificationType out of NotifyEvent", bends=(_in_events(_without_kind),)
    ),
    "event-ids-collide": Scenario(
        "gives each event the id 1", bends=(_in_events(lambda item: {**item, "eventId": 1}),)
    ),
    "events-late": Scenario(
        "tells of events long after they happened",
        bends=(_in_events(lambda item: {**item, "timestamp": LONG_AGO}),),
    ),
    "alert-never-cleared": Scenario("never says that an alert is over", bends=(_uncleared,)),
    "cleared-without-alert": Scenario(
        "says after its boot that an alert is over which it never sent",
        bends=(_events({"cleared": True}),),
    ),
    "problem-event": Scenario(
        "tells of a fault as variable Problem with techCode and techInfo", bends=(_events(PROBLEM),)
    ),
    "write-only-event": Scenario(
        "N07.FR.10: tells of a change of a variable that cannot be read: actualValue is empty",
        bends=(
            _events(
                {
                    "actualValue": "",
                    "trigger": "Delta",
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                }
            ),
        ),
    ),
    "event-storm": Scenario("sends 200 events after its boot", bends=(_events(*[PROBLEM] * STORM),)),
    "security-event": Scenario(
        "tells twice of one security event", bends=(_security("TamperDetectionActivated"),)
    ),
    "security-event-16": Scenario(
        "tells of a security event by its name of 1.6",
        bends=(_security("FailedToAuthenticateAtCentralSystem"),),
    ),
}
