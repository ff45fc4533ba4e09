"""A station: it does what it is asked, says what it is told to say, and knows what it was thanked for."""

import json
from dataclasses import dataclass, field
from typing import Any

from ocppdiag_ocpp import frames

WHEN = "2026-01-01T00:00:00Z"
PARTS = 3
"""Of every report."""


@dataclass(frozen=True)
class Asked:
    """A CALL that the station has got, and done."""

    message_id: str
    action: str
    payload: dict[str, Any]

    @property
    def request_id(self) -> int | None:
        return self.payload.get("requestId")


@dataclass(frozen=True)
class Says:
    """A CALL of its own."""

    action: str
    payload: dict[str, Any]


@dataclass
class Station:
    """What it has been asked, what it waits for, and what it was thanked for, on whatever connection."""

    asked: list[Asked] = field(default_factory=list)
    thanked: list[Says] = field(default_factory=list)
    calling: tuple[str, Says, float] | None = None
    answered: set[str] = field(default_factory=set)
    number: int = 0

    @property
    def open(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.message_id not in self.answered]

    def hears(self, text: bytes) -> Asked | None:
        """Take a frame; return what it asks for."""
        kind, message_id, *rest = json.loads(text)
        if kind == 2:
            asked = Asked(message_id, *rest)
            self.asked.append(asked)
            return asked
        if self.calling and self.calling[0] == message_id:
            if kind == 3:
                self.thanked.append(self.calling[1])
            self.calling = None
        return None

    def may_call(self, now: float) -> bool:
        """It waits for the answer to its last CALL, for half a minute (OCPP 2.0.1 part 4, 4.1.1)."""
        return self.calling is None or now >= self.calling[2] + 30

    def calls(self, says: Says, now: float) -> bytes:
        self.number += 1
        message_id = f"s{self.number}"
        self.calling = (message_id, says, now)
        return frames.write_call(message_id, says.action, json.dumps(says.payload).encode())


BOOT = Says(
    "BootNotification",
    {"reason": "PowerUp", "chargingStation": {"vendorName": "v", "model": "m"}},
)


def part(asked: Asked, seq_no: int, variant: int) -> Says:
    """One part of the report that was asked for; another variant has other contents under the same number."""
    about = {
        "requestId": asked.request_id,
        "seqNo": seq_no,
        "tbc": seq_no < PARTS - 1,
        "generatedAt": WHEN,
    }
    if asked.action == "CustomerInformation":
        return Says("NotifyCustomerInformation", {**about, "data": f"data {seq_no} {variant}"})
    monitor = {"id": 10 * seq_no + variant, "transaction": False, "value": 1, "type": "Delta", "severity": 5}
    data = {"component": {"name": "c"}, "variable": {"name": "v"}, "variableMonitoring": [monitor]}
    return Says("NotifyMonitoringReport", {**about, "monitor": [data]})


def log_status(status: str, request_id: int | None) -> Says:
    named = {} if request_id is None else {"requestId": request_id}
    return Says("LogStatusNotification", {"status": status, **named})


def answer(asked: Asked, how: str) -> bytes:
    """Write its answer: how is accepted, rejected, error or unreadable."""
    if how == "error":
        return json.dumps([4, asked.message_id, "InternalError", "", {}]).encode()
    if how == "unreadable":
        return json.dumps([3, asked.message_id, {"status": 7}]).encode()
    status = "Accepted" if how == "accepted" else "Rejected"
    return json.dumps([3, asked.message_id, _response(asked, status)]).encode()


def _response(asked: Asked, status: str) -> dict[str, Any]:
    match asked.action:
        case "GetVariables":
            value = {"attributeValue": "1"} if status == "Accepted" else {}
            results = [
                {**wanted, **value, "attributeStatus": status} for wanted in asked.payload["getVariableData"]
            ]
            return {"getVariableResult": results}
        case "ClearVariableMonitoring":
            return {"clearMonitoringResult": [{"status": status, "id": each} for each in asked.payload["id"]]}
        case "SendLocalList":
            return {"status": "Accepted" if status == "Accepted" else "Failed"}
        case _:
            return {"status": status}
