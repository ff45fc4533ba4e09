"""OCPP's certification tests of a CSMS about logs, played by an independent station; each has its number in its name."""

import asyncio
from hashlib import sha256

import pytest
from charge_point import put
from installation import Installation
from ocpp.v201 import call, call_result
from tester import Payload, ScriptedStation, end_of, scripted_station

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, Failure, GetLog, LogType, Outcome
from ocppdiag_contracts.commands import TriggerLogStatus
from ocppdiag_contracts.events import LogFile, LogStatusReported, TriggeredLogStatus

LOG = b"2026-01-31T12:00:00Z power: L1\n" * 1000


def status(status: str, request: Payload) -> call.LogStatusNotification:
    return call.LogStatusNotification(status=status, request_id=request["requestId"])


async def asked_for_log(station: ScriptedStation, log_type: str) -> Payload:
    """The next request is for this log, of any age, to an address of ours."""
    request = await station.asked("GetLog")
    assert request == {
        "logType": log_type,
        "requestId": request["requestId"],
        "retries": 2,
        "retryInterval": 60,
        "log": {"remoteLocation": request["log"]["remoteLocation"]},
    }
    return request


async def uploads(station: ScriptedStation, request: Payload) -> None:
    assert await asyncio.to_thread(put, request["log"]["remoteLocation"], LOG) == 201
    await station.says(status("Uploaded", request))


def assert_stored(settled: CommandSettled) -> None:
    assert settled.outcome is Outcome.COMPLETED, settled
    assert isinstance(settled.result, LogFile)
    assert settled.result.size == len(LOG)
    assert settled.result.sha256 == sha256(LOG).hexdigest()
    assert settled.result.reported == "Uploaded"


async def statuses_of(command: GetLog, operator: Diagnostics) -> list[str]:
    """What the operator has seen the station report."""
    events = [event async for event in operator.follow(command)]
    return [event.status for event in events if isinstance(event, LogStatusReported)]


async def logged(installation: Installation, name: str, log_type: LogType) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = GetLog(station=name, log_type=log_type)
        await operator.send(command)
        request = await asked_for_log(station, log_type.value)
        await station.answers(call_result.GetLog(status="Accepted", filename="log.tgz"))
        await station.says(status("Uploading", request))
        await uploads(station, request)
        settled = await end_of(command, operator)
        assert_stored(settled)
        assert (await statuses_of(command, operator))[0] == "Uploading"


async def test_tc_n_25_csms_a_diagnostics_log_is_uploaded(installation: Installation, name: str) -> None:
    await logged(installation, name, LogType.DIAGNOSTICS)


async def test_tc_n_35_csms_a_security_log_is_uploaded(installation: Installation, name: str) -> None:
    await logged(installation, name, LogType.SECURITY)


async def test_tc_n_34_csms_a_rejected_log_is_shown_as_rejected(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = GetLog(station=name)
        await operator.send(command)
        await asked_for_log(station, "DiagnosticsLog")
        await station.answers(call_result.GetLog(status="Rejected"))
        settled = await end_of(command, operator)
        assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.REJECTED)


@pytest.mark.parametrize("told", ["before the answer", "after the answer"])
async def test_tc_n_36_csms_a_second_log_supersedes_the_first(
    installation: Installation, name: str, told: str
) -> None:
    """The station may drop the first before it has answered the second, and is thanked for saying so meanwhile."""
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        first, second = GetLog(station=name), GetLog(station=name)
        await operator.send(first)
        one = await asked_for_log(station, "DiagnosticsLog")
        await station.answers(call_result.GetLog(status="Accepted", filename="diag_1.tgz"))
        await station.says(status("Uploading", one))

        await operator.send(second)
        two = await asked_for_log(station, "DiagnosticsLog")
        assert two["requestId"] != one["requestId"]
        if told == "before the answer":
            await station.says(status("AcceptedCanceled", one))
        await station.answers(call_result.GetLog(status="AcceptedCanceled", filename="diag_2.tgz"))
        if told == "after the answer":
            await station.says(status("AcceptedCanceled", one))
        await station.says(status("Uploading", two))
        await uploads(station, two)

        superseded, stored = await end_of(first, operator), await end_of(second, operator)
        assert (superseded.outcome, superseded.failure) == (Outcome.CANCELLED, Failure.SUPERSEDED)
        assert_stored(stored)
        assert await statuses_of(first, operator) == ["Uploading", "AcceptedCanceled"]
        assert "AcceptedCanceled" not in await statuses_of(second, operator)


async def test_tc_f_15_csms_an_idle_station_tells_its_log_status_when_triggered(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = TriggerLogStatus(station=name)
        await operator.send(command)
        assert await station.asked("TriggerMessage") == {"requestedMessage": "LogStatusNotification"}
        await station.answers(call_result.TriggerMessage(status="Accepted"))
        await station.says(call.LogStatusNotification(status="Idle"))
        settled = await end_of(command, operator)
        assert settled.outcome is Outcome.COMPLETED, settled
        assert settled.result == TriggeredLogStatus(status="Idle", request_id=None)


async def test_tc_f_27_csms_a_trigger_that_the_station_does_not_know_is_shown_so(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = TriggerLogStatus(station=name)
        await operator.send(command)
        assert await station.asked("TriggerMessage") == {"requestedMessage": "LogStatusNotification"}
        await station.answers(call_result.TriggerMessage(status="NotImplemented"))
        settled = await end_of(command, operator)
        assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.NOT_SUPPORTED)
