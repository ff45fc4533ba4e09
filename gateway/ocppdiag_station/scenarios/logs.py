"""Faults with logs, and what a GetLog may meet (OCPP 2.0.1 N01)."""

from collections.abc import Mapping
from dataclasses import replace

from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_station.bends import (
    ALL,
    answer_last,
    answering,
    answers,
    calling,
    dropped,
    only,
    only_the_answer,
    refuses,
    with_members,
    without,
)
from ocppdiag_station.scenario import Instead, LogConduct, Scenario, WhileUploading
from ocppdiag_station.steps import Answer, Call, Pause, Script, Upload, Vanish
from ocppdiag_station.words import Payload

GET_LOG, STATUS = ("GetLog",), ("LogStatusNotification",)
SLOW = LogConduct(bytes_per_second=50_000)
ALWAYS = 10**6


def _each_rejected(wanted: str, result: str, *named: str, **status: str) -> Instead:
    """Answer one result for each item."""

    def instead(payload: Payload) -> Script:
        items = payload[wanted]
        results = [{name: item[name] for name in named} | status for item in items]
        return (Answer({result: results}),)

    return instead


REJECTED: Mapping[str, Instead] = {
    **{action: answers({"status": "Rejected"}) for action in ALL},
    "SendLocalList": answers({"status": "Failed"}),
    "SetVariableMonitoring": _each_rejected(
        "setMonitoringData",
        "setMonitoringResult",
        *("type", "severity", "component", "variable"),
        status="Rejected",
    ),
    "ClearVariableMonitoring": lambda payload: (
        Answer({"clearMonitoringResult": [{"id": number, "status": "Rejected"} for number in payload["id"]]}),
    ),
    "GetVariables": _each_rejected(
        "getVariableData", "getVariableResult", "component", "variable", attributeStatus="Rejected"
    ),
}
"""All that can be asked, refused in the words of each answer."""


def _fails(status: UploadLogStatus) -> LogConduct:
    return LogConduct(failures=ALWAYS, failure=status)


def _status_first(script: Script) -> Script:
    early = [
        Call("LogStatusNotification", {"status": "Uploading", "requestId": step.request.request_id})
        for step in script
        if isinstance(step, Upload)
    ]
    return (*early, *script)


def _canceled_late(script: Script) -> Script:
    """Let the new upload begin before the old one is told to be over."""
    calls = tuple(step for step in script if isinstance(step, Call))
    rest = tuple(step for step in script if not isinstance(step, Call))
    return (*rest, Pause(1), *calls) if calls else script


def _idle_afterwards(_: str, script: Script) -> Script:
    made = (
        Call(step.action, {**step.payload, "status": "Idle"})
        for step in script
        if isinstance(step, Call) and step.payload.get("status") == "Uploaded"
    )
    return (*script, *made)


def _stale_when_idle(payload: Payload) -> Payload:
    return {**payload, "requestId": 1_879_048_193} if payload["status"] == "Idle" else payload


def _misspelt(payload: Payload) -> Payload:
    return {**payload, "status": payload["status"].replace("UploadFailure", "UploadFailed")}


SCENARIOS = {
    "form": Scenario("uploads a multipart form with POST", log=LogConduct(form=True)),
    "rejects": Scenario("N01.FR.05 and others: answers Rejected, whatever is asked", instead=REJECTED),
    "never-answers": Scenario(
        "does not answer what it is asked", instead={action: lambda _: () for action in ALL}
    ),
    "accepts-then-silent": Scenario("accepts, then nothing follows", bends=(only_the_answer,)),
    "reports-without-file": Scenario("says Uploaded and uploads nothing", log=LogConduct(uploads=False)),
    "file-without-report": Scenario("uploads and never reports", log=LogConduct(reports=False)),
    "retries": Scenario("N01.FR.10: fails twice, reports each, then uploads", log=LogConduct(failures=2)),
    "uploads-too-much": Scenario("uploads 8 MiB whatever is allowed", log=LogConduct(size=8 * 2**20)),
    "vanishes-mid-upload": Scenario(
        "disconnects in the middle of its upload", log=LogConduct(cut_after=2**18)
    ),
    "wrong-token": Scenario(
        "uploads to an address that was never given out", log=LogConduct(wrong_token=True)
    ),
    "used-token": Scenario("uploads twice to the same address", log=LogConduct(twice=True)),
    "appends-filename": Scenario(
        "appends its own file name to any address", log=LogConduct(appends_filename=True)
    ),
    "no-filename": Scenario(
        "N01.FR.01: accepts without a file name", bends=(answering(GET_LOG, without("filename")),)
    ),
    "slow-upload": Scenario("uploads 50 kB a second, so that it can be superseded", log=SLOW),
    "canceled-early": Scenario(
        "superseded (slow), says AcceptedCanceled of the old upload before it answers",
        log=SLOW,
        bends=(only(GET_LOG, answer_last),),
    ),
    "canceled-late": Scenario(
        "superseded (slow), says AcceptedCanceled of the old upload a second after the new one began",
        log=SLOW,
        bends=(only(GET_LOG, _canceled_late),),
    ),
    "canceled-never": Scenario(
        "superseded (slow), never says AcceptedCanceled of the old upload",
        log=SLOW,
        bends=(dropped(Call, GET_LOG),),
    ),
    "uploads-both": Scenario(
        "answers Accepted to a second GetLog and uploads both (slow)",
        log=replace(SLOW, while_uploading=WhileUploading.RUNS_BESIDE),
    ),
    "busy-uploading": Scenario(
        "rejects a second GetLog while it uploads (slow)",
        log=replace(SLOW, while_uploading=WhileUploading.REJECTED),
    ),
    "log-id-absent": Scenario(
        "leaves the requestId out of LogStatusNotification",
        bends=(calling(STATUS, without("requestId")),),
    ),
    "log-id-zero": Scenario(
        "says requestId 0 in each LogStatusNotification",
        bends=(calling(STATUS, with_members(requestId=0)),),
    ),
    "log-id-stale": Scenario(
        "says a requestId in each LogStatusNotification that nobody has given out",
        bends=(calling(STATUS, with_members(requestId=1_879_048_193)),),
    ),
    "idle-id-stale": Scenario(
        "says Idle with a requestId that nobody has given out",
        bends=(calling(STATUS, _stale_when_idle),),
    ),
    "idle-afterwards": Scenario("says Idle by itself after Uploaded", bends=(_idle_afterwards,)),
    "uploading-repeated": Scenario("says Uploading 50 times", log=LogConduct(announcements=50)),
    "status-before-answer": Scenario(
        "says Uploading before it answers the GetLog", bends=(only(GET_LOG, _status_first),)
    ),
    "status-misspelt": Scenario(
        "fails, and says UploadFailed, which is another message's word",
        log=_fails(UploadLogStatus.UPLOAD_FAILURE),
        bends=(calling(STATUS, _misspelt),),
    ),
    "upload-fails": Scenario(
        "N01.FR.10: fails at every attempt, UploadFailure each time",
        log=_fails(UploadLogStatus.UPLOAD_FAILURE),
    ),
    "upload-fails-at-last": Scenario(
        "N01.FR.10: fails at every attempt, UploadFailure after the last only",
        log=replace(_fails(UploadLogStatus.UPLOAD_FAILURE), reports_each_failure=False),
    ),
    "upload-fails-silently": Scenario(
        "fails, and says nothing about it",
        log=replace(_fails(UploadLogStatus.UPLOAD_FAILURE), concludes=False),
    ),
    "upload-bad-message": Scenario(
        "N01.FR.10: fails with BadMessage", log=_fails(UploadLogStatus.BAD_MESSAGE)
    ),
    "upload-permission-denied": Scenario(
        "N01.FR.10: fails with PermissionDenied", log=_fails(UploadLogStatus.PERMISSION_DENIED)
    ),
    "ftp-only": Scenario(
        "uploads by FTP only: NotSupportedOperation for all that it is given here",
        log=LogConduct(schemes=frozenset()),
        values={"OCPPCommCtrlr.FileTransferProtocols": "FTP"},
    ),
    "retries-misread": Scenario(
        "fails once, and takes `retries` for the number of attempts",
        log=LogConduct(failures=1, retries_are_attempts=True),
    ),
    "get-log-not-implemented": Scenario(
        "answers GetLog with CALLERROR NotImplemented", instead={"GetLog": refuses("NotImplemented")}
    ),
    "get-log-not-supported": Scenario(
        "answers GetLog with CALLERROR NotSupported", instead={"GetLog": refuses("NotSupported")}
    ),
    "reboots-on-get-log": Scenario(
        "accepts a GetLog, and is gone", bends=(only(GET_LOG, lambda script: (*script[:1], Vanish())),)
    ),
}
