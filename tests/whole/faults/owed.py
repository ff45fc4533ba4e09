"""What a station of the suite answers to a CALL and what it then owes, with the faults that a trial asks for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import marks

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tell:
    """A CALL of the station's own."""

    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Upload:
    """A log, put where it is wanted."""

    url: str
    body: bytes
    request_id: int


@dataclass(frozen=True, slots=True)
class Leave:
    """The connection goes without a goodbye, and what is still owed with it."""


Debt = Tell | Upload | Leave


def answer(action: str, payload: Mapping[str, Any]) -> Payload:
    """Return the CALLRESULT: whatever it is, it is accepted."""
    match action:
        case "GetLog":
            return {"status": "Accepted", "filename": "suite.log"}
        case "SetVariableMonitoring":
            return {"setMonitoringResult": [_set(asked) for asked in payload["setMonitoringData"]]}
        case _:
            return {"status": "Accepted"}


def debts(
    station: str,
    action: str,
    payload: Mapping[str, Any],
    *,
    uploading: int | None,
    habit: str | None,
    draw: Random,
) -> list[Debt]:
    """Return what follows an accepted CALL, in order; `uploading` is the requestId of the log under way."""
    mark = marks.of_call(action, payload)
    match action:
        case "GetLog":
            return [Upload(payload["log"]["remoteLocation"], marks.log(station, mark), payload["requestId"])]
        case "TriggerMessage":
            if uploading is None:
                return [log_status("Idle")]
            return [log_status("Uploading", uploading)]
        case "GetMonitoringReport" | "CustomerInformation":
            return _bent(_report(station, action, mark, payload["requestId"]), habit, draw)
        case _:
            return []


def event(event_id: int) -> Tell:
    """Return something that the station tells by itself."""
    data = {
        "eventId": event_id,
        "timestamp": now(),
        "trigger": "Periodic",
        "actualValue": "1",
        "eventNotificationType": "HardWiredMonitor",
        "component": {"name": "Suite"},
        "variable": {"name": "Pulse"},
    }
    return Tell("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "tbc": False, "eventData": [data]})


def log_status(status: str, request_id: int | None = None) -> Tell:
    """Return how an upload is going; `Idle` has no requestId."""
    told = {} if request_id is None else {"requestId": request_id}
    return Tell("LogStatusNotification", {"status": status, **told})


def now() -> str:
    """Return the time as OCPP writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _report(station: str, action: str, mark: str, request_id: int) -> list[Debt]:
    texts = marks.contents(station, action, mark)
    return [
        _part(marks.REPORTS[action], request_id, number, text, tbc=number + 1 < len(texts))
        for number, text in enumerate(texts)
    ]


def _part(action: str, request_id: int, number: int, text: str, *, tbc: bool) -> Tell:
    payload: Payload = {"requestId": request_id, "seqNo": number, "generatedAt": now(), "tbc": tbc}
    if action == "NotifyCustomerInformation":
        return Tell(action, {**payload, "data": text})
    monitor = {"id": number + 1, "transaction": False, "value": 1.0, "type": "UpperThreshold", "severity": 5}
    data = {
        "component": {"name": "Suite"},
        "variable": {"name": "Part", "instance": text},
        "variableMonitoring": [monitor],
    }
    return Tell(action, {**payload, "monitor": [data]})


def _bent(parts: list[Debt], habit: str | None, draw: Random) -> list[Debt]:
    """Do to a report what the station's habit is; half of its reports are as they should be."""
    if habit is None or draw.random() < 0.5:
        return parts
    place = draw.randrange(len(parts))
    match habit:
        case "reordered":
            return draw.sample(parts, len(parts))
        case "duplicated":
            return [part for part in parts for _ in range(draw.choice((1, 2, 3)))]
        case "missing":
            return [part for number, part in enumerate(parts) if number != place]
        case "conflicting":
            return [*parts[: place + 1], _other(parts[place]), *parts[place + 1 :]]
        case "drops_mid_report":
            return [*parts[:place], Leave()]
        case _:
            return parts


def _other(part: Debt) -> Tell:
    """Return another part under the number of this one."""
    if not isinstance(part, Tell):
        raise TypeError("a report has only parts")
    told = part.payload
    if "data" in told:
        return Tell(part.action, {**told, "data": f"other {told['data']}"})
    (monitor,) = told["monitor"]
    variable = {**monitor["variable"], "instance": f"other {monitor['variable']['instance']}"}
    return Tell(part.action, {**told, "monitor": [{**monitor, "variable": variable}]})


def _set(asked: Mapping[str, Any]) -> Payload:
    """Return the result of one monitor."""
    kept = {name: asked[name] for name in ("type", "severity", "component", "variable")}
    return {**kept, "status": "Accepted", "id": int(asked["value"])}
