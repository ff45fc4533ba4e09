"""Frames that are right and say what they should not: ids, answers, times, texts, more than a station may send."""

import asyncio
import json

import aio_pika
import pytest
from installation import Installation
from strangers import answers, exchange, independent, raw
from wrong_frames import call

from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_contracts.events import EventReported, LogStatusReported, MonitoringReportPartReceived
from ocppdiag_local.services import Services

AT = "2026-01-31T12:00:00Z"
IDS = (0, 1, 2**31 - 1, -1, -(2**31))


@pytest.mark.abuse("15 an id of 1 MB", "CALLERROR -1 RpcFrameworkError; up to 255 characters are let through")
async def test_an_id_may_be_longer_than_ocpp_allows_and_not_without_end(
    installation: Installation, name: str
) -> None:
    async with independent(installation, name) as station:
        for length in (36, 37, 255):
            await answers(station, "i" * length)
        for length in (256, 1_000_000):
            got = await exchange(station, json.dumps([2, "i" * length, "Heartbeat", {}]))
            assert got[:3] == [4, "-1", "RpcFrameworkError"]


@pytest.mark.abuse(
    "15 the id of a CALL used again",
    "the same again: one answer, done once; other words under an id in use: CALLERROR RpcFrameworkError",
)
async def test_a_call_that_comes_again_is_done_once(
    installation: Installation, services: Services, name: str
) -> None:
    connection = await aio_pika.connect(services.amqp_url)
    async with connection, independent(installation, name) as station, installation.diagnostics() as listener:
        channel = await connection.channel()
        silent = await channel.declare_queue(exclusive=True)
        await silent.bind("ocppdiag.station", "call.DataTransfer.0")
        for _ in range(3):
            await station.send_str('[2,"d","DataTransfer",{"vendorId":"v"}]')
        clash = await exchange(station, '[2,"d","DataTransfer",{"vendorId":"w"}]')
        assert clash[:3] == [4, "d", "RpcFrameworkError"], (
            "the first is not answered yet, so this is for the second"
        )
        event = {"eventId": 1, "timestamp": AT, "trigger": "Delta", "actualValue": "1"}
        about = {"component": {"name": "EVSE"}, "variable": {"name": name}}
        notice = {"generatedAt": AT, "seqNo": 0, "eventData": [{**event, **about}]}
        events = listener.watch(f"event_reported.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        for _ in range(3):
            assert await exchange(station, json.dumps([2, "n", "NotifyEvent", notice])) == [3, "n", {}]
        other = {**notice, "seqNo": 1}
        assert await exchange(station, json.dumps([2, "n", "NotifyEvent", other])) == [3, "n", {}]
        told = [await asyncio.wait_for(first, 10), await asyncio.wait_for(anext(events), 10)]
        assert all(isinstance(one, EventReported) for one in told)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 1)
        await events.aclose()


@pytest.mark.abuse(
    "16 a CALLRESULT that nobody asked for, one with another station's message id",
    "dropped and counted; the other station's own answer counts",
)
async def test_an_answer_to_anothers_call_is_nobodys(installation: Installation, name: str) -> None:
    async with (
        independent(installation, name) as asked,
        independent(installation, f"{name}-thief") as thief,
        installation.diagnostics() as diagnostics,
    ):
        command = SetMonitoringLevel(station=name, severity=3)
        await diagnostics.send(command)
        message_id = (await asked.receive_json(timeout=10))[1]
        for stray in (message_id, "nobody-asked", ""):
            await thief.send_str(json.dumps([3, stray, {"status": "Rejected"}]))
            await thief.send_str(json.dumps([4, stray, "InternalError", "", {}]))
        await answers(thief)
        await asked.send_str(json.dumps([3, message_id, {"status": "Accepted"}]))
        settled = await asyncio.wait_for(diagnostics.settle(command), 10)
        assert settled.outcome is Outcome.COMPLETED
    assert installation.said("protocol_violated", station=f"{name}-thief", reason="answer to no CALL")


@pytest.mark.parametrize(
    "time", ["222222017-10-27T19:10:11Z", "9999999999999-01-01T00:00:00Z", "-1-01-01T00:00:00Z"]
)
@pytest.mark.abuse(
    "17 a time of the year 222222017", "CALLERROR PropertyConstraintViolation; nothing is told or kept"
)
async def test_an_impossible_time_is_refused(installation: Installation, name: str, time: str) -> None:
    async with independent(installation, name) as station, installation.diagnostics() as listener:
        events = listener.watch(f"*.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        for action, content in (
            ("NotifyMonitoringReport", {"requestId": 1, "seqNo": 0, "generatedAt": time}),
            ("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": time}),
        ):
            got = await exchange(station, json.dumps([2, "t", action, content]))
            assert got[:3] == [4, "t", "PropertyConstraintViolation"], got
        await answers(station)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first, 1)
        await events.aclose()


@pytest.mark.abuse(
    "19 a requestId never issued, 0, negative, 2^31",
    "thanked, told as nobody's, 0 and negative ones too; beyond 32 bits: CALLERROR",
)
async def test_request_ids_that_nobody_gave_out(installation: Installation, name: str) -> None:
    async with independent(installation, name) as station, installation.diagnostics() as listener:
        events = listener.watch(f"monitoring_report_part_received.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        for request_id in IDS:
            part = {"requestId": request_id, "seqNo": 0, "generatedAt": AT}
            got = await exchange(station, json.dumps([2, f"{request_id}", "NotifyMonitoringReport", part]))
            assert got == [3, f"{request_id}", {}]
        for request_id in (2**31, -(2**31) - 1, 2**64, 10**400):
            part = {"requestId": request_id, "seqNo": 0, "generatedAt": AT}
            got = await exchange(station, json.dumps([2, "x", "NotifyMonitoringReport", part]))
            assert (got[0], got[2]) == (4, "PropertyConstraintViolation"), got
        heard = [await asyncio.wait_for(first, 10)]
        heard += [await asyncio.wait_for(anext(events), 10) for _ in IDS[1:]]
        await events.aclose()
        assert [
            (event.request_id, event.command_id)
            for event in heard
            if isinstance(event, MonitoringReportPartReceived)
        ] == [(request_id, None) for request_id in IDS]


@pytest.mark.abuse(
    "22 LogStatusNotification(Uploaded) without a GetLog", "thanked, told as nobody's, and no more"
)
async def test_an_upload_that_nobody_asked_for_is_news_and_no_more(
    installation: Installation, name: str
) -> None:
    async with independent(installation, name) as station, installation.diagnostics() as listener:
        events = listener.watch(f"*.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        got = await exchange(
            station, '[2,"u","LogStatusNotification",{"status":"Uploaded","requestId":4711}]'
        )
        assert got == [3, "u", {}]
        told = await asyncio.wait_for(first, 10)
        assert isinstance(told, LogStatusReported)
        assert (told.command_id, told.request_id) == (None, 4711)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 1)
        await events.aclose()


@pytest.mark.abuse(
    "23 text with CRLF, ANSI and ${jndi:}",
    "one line of JSON in the log, and the text as it came in the event",
)
async def test_text_of_a_station_stays_text(installation: Installation, name: str) -> None:
    evil = "\r\nforged: true\x1b[2J\x1b[31m\u2028\x00${jndi:ldap://127.0.0.1/x}"
    async with independent(installation, name) as station, installation.diagnostics() as listener:
        events = listener.watch(f"*.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        content = {"type": evil[:50], "timestamp": AT, "techInfo": evil}
        got = await exchange(station, json.dumps([2, evil, "SecurityEventNotification", content]))
        assert got == [3, evil, {}]
        told = await asyncio.wait_for(first, 10)
        assert evil in json.loads(told.model_dump_json()).values()
        await events.aclose()
        # What is refused is logged: with the field, and without what was in it.
        got = await exchange(
            station, json.dumps([2, "r", "SecurityEventNotification", {"type": evil, evil: evil}])
        )
        assert got[0] == 4
        # The reason of a close frame is the station's own word.
        await station.close(code=4999, message=evil[:40].encode())
    await asyncio.sleep(0.5)
    assert "\x1b" not in installation.everything_said()
    assert not [line for _, line in installation.lines if "forged" in line]


@pytest.mark.abuse("15 CALLs without waiting for answers", "16 are under way; GenericError for each one more")
async def test_more_calls_than_ocpp_allows_are_refused_and_not_passed_on(
    installation: Installation, services: Services, name: str
) -> None:
    connection = await aio_pika.connect(services.amqp_url)
    async with connection, raw(installation, name) as station:
        channel = await connection.channel()
        silent = await channel.declare_queue(exclusive=True)
        await silent.bind("ocppdiag.station", "call.Authorize.0")
        for number in range(116):
            station.write(call("{}", f'"{number}"', "Authorize"))
        refused = [json.loads(await station.text()) for _ in range(100)]
        assert {(frame[0], frame[2]) for frame in refused} == {(4, "GenericError")}
        await asyncio.sleep(0.5)
        passed = 0
        while (message := await silent.get(fail=False, no_ack=True)) is not None:
            passed += len(json.loads(message.body))
        assert passed == 16
