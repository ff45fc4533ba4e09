"""A canary in what stations answer and notify: who has asked hears it where it says why, and nobody else anywhere."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from bare import Answer, BareStation, Payload, bare_station
from canary import everything_in_redis, everything_published
from installation import DESTINATION, Installation

from ocppdiag_client import Diagnostics
from ocppdiag_contracts.commands import Command, CustomerInformation, GetLog, IdToken, IdTokenType
from ocppdiag_contracts.events import CommandSettled, Outcome
from ocppdiag_contracts.failures import Failure

Say = Callable[[str, str], Answer]
Make = Callable[[str, str], tuple[Command, str, str]]
"""Returns a command, the action that it comes to, and how a station says no to that."""


def info(status: str, canary: str) -> Payload:
    about = {"reasonCode": canary, "additionalInfo": f"no {canary}", canary: canary}
    return {"status": status, "statusInfo": about, canary: canary}


# With whether who has asked hears the station's own words.
ANSWERS: dict[str, tuple[Say, bool]] = {
    "description": (lambda canary, _: ("InternalError", f"no {canary}", {canary: canary}), True),
    "code": (lambda canary, _: (canary, canary, {}), True),
    "status info": (lambda canary, no: info(no, canary), True),
    "unknown status": (lambda canary, _: info(canary, canary), False),
    "status of another type": (lambda canary, _: {"status": {canary: canary}}, False),
    "no status": (lambda canary, _: {canary: canary}, False),
}


def of_customer(name: str, canary: str) -> tuple[Command, str, str]:
    command = CustomerInformation(station=name, report=True, customer_identifier=canary)
    return command, "CustomerInformation", "Rejected"


def of_local_list(name: str, canary: str) -> tuple[Command, str, str]:
    token = IdToken(id_token=canary, type=IdTokenType.CENTRAL)
    command = CustomerInformation(station=name, clear=True, id_token=token, local_list_version=1)
    return command, "SendLocalList", "Failed"


def of_log(name: str, canary: str) -> tuple[Command, str, str]:
    there = DESTINATION.replace("://", f"://me:{canary}@")
    return GetLog(station=name, retries=0, remote_location=there), "GetLog", "Rejected"


def answering(station: BareStation, action: str, answer: Answer) -> None:
    """Have it answer so to one action, accept any other, and have nothing to tell of customers."""

    async def then(asked: str, payload: Payload) -> None:
        if asked == "CustomerInformation" and asked != action:
            part = {"requestId": payload["requestId"], "generatedAt": "2026-01-31T12:00:00Z", "seqNo": 0}
            await station.say("NotifyCustomerInformation", {**part, "data": ""})

    station.answers = lambda asked, _: answer if asked == action else {"status": "Accepted"}
    station.then = then


async def ended_again(diagnostics: Diagnostics, command: Command) -> CommandSettled:
    """The end that is told to who sends the command once more, from what is kept of it."""
    watching = diagnostics.watch(f"command_settled.{command.station}")
    next_end = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0.3)
    await diagnostics.send(command)
    event = await asyncio.wait_for(next_end, 10)
    await watching.aclose()
    assert isinstance(event, CommandSettled)
    return event


async def assert_nowhere(
    installation: Installation, published: list[bytes], canary: str, end: CommandSettled
) -> None:
    """Neither heard nor kept nor logged, while all of the places that are looked at have something."""
    told, kept = b"\n".join(published), await everything_in_redis(installation)
    assert end.id.encode() in told
    assert end.id.encode() in kept, "the end is kept"
    for place in (told, kept, installation.everything_said().encode()):
        assert canary.encode() not in place
    for name in (b"reply.", b"test."):
        assert name not in told, "nobody learns by which name another is reached"


@pytest.mark.abuse("35 what a station says with its refusal", "told to who has asked only")
@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("make", [of_customer, of_local_list, of_log])
async def test_why_a_station_will_not_is_for_who_has_asked(
    installation: Installation, name: str, make: Make, what: str
) -> None:
    canary = f"canary{uuid4().hex}"[:16]
    command, action, no = make(name, canary)
    say, heard = ANSWERS[what]
    async with (
        everything_published(installation) as published,
        bare_station(installation, name) as station,
        installation.diagnostics() as diagnostics,
    ):
        answering(station, action, say(canary, no))
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 15)
        again = await ended_again(diagnostics, command)
    assert action in [asked for asked, _ in station.asked]
    assert end.outcome in (Outcome.FAILED, Outcome.REJECTED)
    assert (canary in (end.reason or "")) == heard, end
    assert canary not in (end.detail or "")
    assert again.id == end.id
    assert again.reason is None
    await assert_nowhere(installation, published, canary, end)


async def test_what_a_station_adds_to_the_status_of_an_upload_is_not_for_onlookers(
    installation: Installation, name: str
) -> None:
    """It may be the address that it was given, with the password in it."""
    canary = f"canary{uuid4().hex}"[:16]
    command, _, _ = of_log(name, canary)
    async with (
        everything_published(installation) as published,
        bare_station(installation, name) as station,
        installation.diagnostics() as diagnostics,
    ):

        async def then(_: str, payload: Payload) -> None:
            status = {"requestId": payload["requestId"], "status": "Uploading", canary: canary}
            await station.say("LogStatusNotification", status)
            await station.say("LogStatusNotification", {"status": "Idle", "url": {canary: [canary]}})
            for broken in ({**status, "status": canary}, {**status, "requestId": canary}):
                await station.exchange("LogStatusNotification", broken)
            await station.say(
                "LogStatusNotification", {**status, "status": "PermissionDenied", "statusInfo": canary}
            )

        station.then = then
        unknown = {"requestId": 77, "status": "Uploading", "location": canary}
        await station.say("LogStatusNotification", unknown)
        await diagnostics.send(command)
        end = await asyncio.wait_for(diagnostics.settle(command), 15)
        await station.done()
        await ended_again(diagnostics, command)
    assert end.failure is Failure.UPLOAD_FAILED
    assert b"".join(published).count(b'"event":"log_status_reported"') >= 4
    await assert_nowhere(installation, published, canary, end)
