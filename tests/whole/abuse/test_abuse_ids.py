"""A station that speaks under a requestId that another one was given (what CVE-2026-28230 was for transactions)."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from bare import Payload, bare_station
from installation import DESTINATION, Installation

from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import Command, CustomerInformation, GetLog, GetMonitoringReport
from ocppdiag_contracts.model import now

AT = "2026-01-31T12:00:00Z"
PART: Payload = {"seqNo": 0, "generatedAt": AT, "tbc": False}
MONITOR = {"id": 1, "transaction": False, "value": 1.0, "type": "Delta", "severity": 9}


@dataclass(frozen=True)
class Case:
    """What is asked of one station, what it says then, and what another says before it with the same requestId."""

    kind: type[Command]
    asked: dict[str, Any]
    action: str
    mine: Payload
    others: Payload
    result: dict[str, object]


def monitors(variable: str) -> Payload:
    data = {"component": {"name": "EVSE"}, "variable": {"name": variable}, "variableMonitoring": [MONITOR]}
    return {**PART, "monitor": [data]}


CASES = (
    Case(
        GetMonitoringReport,
        {},
        "NotifyMonitoringReport",
        monitors("Mine"),
        monitors("Others"),
        {"parts": 1, "irregularities": []},
    ),
    Case(
        CustomerInformation,
        {"report": True, "customer_identifier": "x"},
        "NotifyCustomerInformation",
        {**PART, "data": "mine"},
        {**PART, "data": "of another"},
        {"parts": 1, "irregularities": [], "data": "mine"},
    ),
    Case(
        GetLog,
        {"remote_location": DESTINATION},
        "LogStatusNotification",
        {"status": "Uploaded"},
        {"status": "UploadFailure"},
        {"kind": "log_elsewhere"},
    ),
)


@pytest.mark.abuse(
    "18 a requestId that was issued to another station",
    "the station is answered {}, its message is told as nobody's, and the other's command goes on untouched",
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
async def test_what_a_station_says_under_another_stations_request_id_changes_nothing_there(
    installation: Installation, name: str, case: Case
) -> None:
    intruder = f"{name}-intruder"
    async with (
        installation.diagnostics() as diagnostics,
        diagnostics.listen(f"*.{intruder}") as heard,
        bare_station(installation, name) as asked,
        bare_station(installation, intruder) as other,
    ):

        async def speak(_: str, request: Payload) -> None:
            number = {"requestId": request["requestId"]}
            assert await other.say(case.action, {**case.others, **number}) == {}
            assert await asked.say(case.action, {**case.mine, **number}) == {}

        asked.then = speak
        due = now() + timedelta(seconds=15)
        command = case.kind.model_validate({"station": name, "deadline": due, **case.asked})
        await diagnostics.send(command)
        settled = await asyncio.wait_for(diagnostics.settle(command), 20)
        events = [event async for event in diagnostics.follow(command)]
        async with asyncio.timeout(10):
            while not hasattr(told := await anext(heard), "request_id"):
                pass
    assert (settled.outcome, settled.failure) == (Outcome.COMPLETED, None)
    result = settled.model_dump(mode="json")["result"]
    assert case.result.items() <= result.items()
    assert "Others" not in settled.model_dump_json()
    assert {event.station for event in events} == {name}
    assert told.station == intruder
    assert told.model_dump()["command_id"] is None, "nobody has asked it"
