"""Payloads that break their schemas, in all that a station says."""

from collections.abc import Callable, Container
from typing import Any

from ocppdiag_station.bends import Member, each, every_object, every_payload
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.steps import Bend

TIMES = ("timestamp", "generatedAt")
NUMBERS = ("seqNo", "requestId", "id", "severity", "eventId", "variableMonitoringId", "evseId", "connectorId")
LONG = {
    "serialNumber": 400,
    "vendorName": 300,
    "model": 300,
    "firmwareVersion": 300,
    "filename": 2000,
    "actualValue": 5000,
    "techInfo": 3000,
    "data": 5000,
}
REQUIRED = ("model", "vendorName", "actualValue")


def _members(names: Container[str], change: Callable[[Any], Any]) -> tuple[Bend, ...]:
    """Change the members with these names, wherever they are."""

    def member(name: str, value: Any) -> Any:  # noqa: ANN401 (JSON)
        return change(value) if name in names else value

    return (every_payload(each(member)),)


def _times(change: Callable[[str], str]) -> tuple[Bend, ...]:
    return _members(TIMES, change)


def _zone(text: str) -> Callable[[str], str]:
    return lambda time: time.removesuffix("Z") + text


def _long(name: str, value: Any) -> Any:  # noqa: ANN401 (JSON)
    return str(value).ljust(LONG[name], "x") if name in LONG else value


def _evse_zero(name: str, value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Call the whole of the station EVSE 0."""
    if name == "component" and value.get("name") == "ChargingStation":
        return {**value, "evse": {"id": 0}}
    return 0 if name in ("evseId", "connectorId") else value


def _whole(value: Any) -> Any:  # noqa: ANN401 (JSON)
    return float(value) if isinstance(value, int) else value


def _text(value: Any) -> Any:  # noqa: ANN401 (JSON)
    return str(value) if isinstance(value, int) else value


def _unheard_of(member: str, word: str) -> Member:
    return lambda name, value: word if name == member else value


SCENARIOS = {
    "times-without-zone": Scenario("writes times without a zone", bends=_times(_zone(""))),
    "times-half-zone": Scenario("writes times with the zone +02", bends=_times(_zone("+02"))),
    "times-offset": Scenario("writes times with the zone +02:00", bends=_times(_zone("+02:00"))),
    "times-java": Scenario("writes times as Java does, ...Z[GMT]", bends=_times(_zone("Z[GMT]"))),
    "times-long-fraction": Scenario(
        "writes times with nine digits of a second", bends=_times(_zone(".123456789Z"))
    ),
    "times-empty": Scenario("writes empty times", bends=_times(lambda _: "")),
    "strings-too-long": Scenario(
        "writes longer strings than are allowed", bends=(every_payload(each(_long)),)
    ),
    "strings-empty": Scenario("leaves required strings empty", bends=_members(REQUIRED, lambda _: "")),
    "nulls": Scenario(
        "writes null where it has nothing to say",
        bends=(every_payload(every_object({"customData": None, "statusInfo": None})),),
    ),
    "numbers-as-strings": Scenario("writes whole numbers as strings", bends=_members(NUMBERS, _text)),
    "numbers-as-floats": Scenario("writes whole numbers with a fraction .0", bends=_members(NUMBERS, _whole)),
    "numbers-too-large": Scenario(
        "writes event ids that need more than 32 bits",
        bends=_members(("eventId",), lambda value: value + 2**40),
    ),
    "unknown-trigger": Scenario(
        "writes an EventTrigger that is in no list",
        bends=(every_payload(each(_unheard_of("trigger", "Spontaneous"))),),
    ),
    "unknown-status": Scenario(
        "writes a status that is in no list",
        bends=(every_payload(each(_unheard_of("status", "Perhaps"))),),
    ),
    "unknown-members": Scenario(
        "writes members that no schema knows",
        bends=(every_payload(every_object({"vendorExtra": [1, "x"]})),),
    ),
    "custom-data": Scenario(
        "writes customData into every object, as is right",
        bends=(
            every_payload(every_object({"customData": {"vendorId": "org.example", "more": [1, {"a": 2}]}})),
        ),
    ),
    "evse-zero": Scenario("calls the whole of itself EVSE 0", bends=(every_payload(each(_evse_zero)),)),
}
