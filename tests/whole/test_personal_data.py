"""A canary: what is personal is in the events for who has asked, and nowhere else when all is over."""

import asyncio
from uuid import uuid4

import aio_pika
import pytest
from bare import BareStation, Payload, bare_station
from canary import everything_in_redis, everything_published
from installation import Installation

from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import CertificateHashData, CustomerInformation, IdToken
from ocppdiag_contracts.events import CommandSettled, CustomerInformationPartReceived, CustomerReport, Event
from ocppdiag_contracts.versions import OcppVersion


def telling(station: BareStation, canary: str) -> None:
    """Have it tell the customer in two parts, the second of which breaks its schema and so brings its payload along."""

    async def then(action: str, payload: Payload) -> None:
        if action == "CustomerInformation":
            part = {"requestId": payload["requestId"], "generatedAt": "2026-01-31T12:00:00Z"}
            await station.say(
                "NotifyCustomerInformation", {**part, "seqNo": 0, "tbc": True, "data": f"{canary}-1;"}
            )
            await station.say(
                "NotifyCustomerInformation", {**part, "seqNo": "1", "data": f"{canary}-2", "unknown": canary}
            )

    station.then = then


@pytest.mark.abuse(
    "35 what a station knows of a customer",
    "in the events for who has asked; afterwards in no queue, log or Redis value",
)
@pytest.mark.parametrize("version", list(OcppVersion))
async def test_a_customer_is_told_to_who_has_asked_and_to_nobody_else(
    installation: Installation, name: str, version: OcppVersion
) -> None:
    canary = f"canary{uuid4().hex}"[:16]
    by_token = {"id_token": IdToken(id_token=canary, type="Central")}
    by_certificate = {
        "customer_certificate": CertificateHashData(
            hash_algorithm="SHA256", issuer_name_hash=canary, issuer_key_hash=canary, serial_number=canary
        )
    }
    async with (
        everything_published(installation) as published,
        bare_station(installation, name, version) as station,
        installation.diagnostics() as diagnostics,
    ):
        telling(station, canary)
        for identifier in (by_token, by_certificate, {"customer_identifier": canary}):
            command = CustomerInformation.model_validate(
                {"station": name, "report": True, "clear": True, **identifier}
            )
            await diagnostics.send(command)
            heard = [event async for event in diagnostics.follow(command)]
            assert_told(heard, canary)
            # Told again after its end, without what was personal.
            await diagnostics.send(command)
        await asyncio.sleep(0.5)
    assert b"customer_information_part_received" in b"".join(published), "the test looks at the right place"
    assert canary.encode() not in b"".join(published)
    assert canary not in installation.everything_said()
    assert canary.encode() not in await everything_in_redis(installation)


def assert_told(heard: list[Event], canary: str) -> None:
    parts = [event for event in heard if isinstance(event, CustomerInformationPartReceived)]
    assert [part.data for part in parts] == [f"{canary}-1;", f"{canary}-2"]
    settled = heard[-1]
    assert isinstance(settled, CommandSettled)
    assert settled.outcome is Outcome.COMPLETED, settled
    assert isinstance(settled.result, CustomerReport)
    assert settled.result.data == f"{canary}-1;{canary}-2"


@pytest.mark.abuse("35 what nobody asked for", "told without its text")
async def test_what_nobody_asked_for_is_heard_without_its_text(installation: Installation, name: str) -> None:
    canary = f"canary{uuid4().hex}"
    async with everything_published(installation) as published, bare_station(installation, name) as station:
        part = {"requestId": 77, "generatedAt": "2026-01-31T12:00:00Z", "seqNo": 0, "data": canary}
        assert await station.say("NotifyCustomerInformation", part) == {}
        refused = await station.exchange("NotifyCustomerInformation", {**part, "seqNo": {"text": canary}})
        assert refused[0] == 4
        assert canary not in str(refused)
    assert b"customer_information_part_received" in b"".join(published)
    assert canary.encode() not in b"".join(published)
    assert canary not in installation.everything_said()
    assert canary.encode() not in await everything_in_redis(installation)


@pytest.mark.abuse("35 a parked command", "what is personal or secret in it is withheld")
@pytest.mark.parametrize(
    "body",
    [
        '{{"command":"customer_information","id_token":{{"id_token":"{0}","type":"Central"}}',
        '{{"command":"customer_information","id":"a","station":7,"customer_identifier":"{0}"}}',
        '{{"command":"customer_information","id":"x","station":"S","report":true,"customer_identifier":["{0}"]}}',
        '{{"command":"get_log","id":7,"station":"S","remote_location":"ftp://u:{0}@host/"}}',
        '{{"command":"get_log","id":"a","station":"S","remote_location":"ftp://u:{0}@ho st/"}}',
        '{{"command":"get_log","id":"b","station":"S","remote_location":"gopher://{0}/"}}',
    ],
)
async def test_a_bad_command_is_parked_or_refused_without_what_is_secret(
    installation: Installation, body: str
) -> None:
    canary = f"canary{uuid4().hex}"
    name = "customer_information" if "customer_information" in body else "get_log"
    async with everything_published(installation) as published:
        async with await aio_pika.connect(installation.services.amqp_url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange("ocppdiag.commands")
            await exchange.publish(aio_pika.Message(body.format(canary).encode()), name)
        await asyncio.sleep(1)
    told = b"".join(published)
    assert b"withheld" in told or b"invalid_command" in told
    assert canary.encode() not in told
    assert canary not in installation.everything_said()


@pytest.mark.abuse("35 what a station knows of a customer", "not asked for when there is nobody to tell")
async def test_without_reply_to_a_customer_is_not_even_asked_for(
    installation: Installation, name: str
) -> None:
    """The event that says so is heard by onlookers: there is nobody else to tell."""
    canary = f"canary{uuid4().hex}"
    command = CustomerInformation(station=name, report=True, customer_identifier=canary)
    async with (
        everything_published(installation) as published,
        bare_station(installation, name) as station,
        await aio_pika.connect(installation.services.amqp_url) as connection,
    ):
        channel = await connection.channel()
        exchange = await channel.get_exchange("ocppdiag.commands")
        body = command.model_dump_json(exclude_none=True).encode()
        await exchange.publish(aio_pika.Message(body), "customer_information")
        await asyncio.sleep(1)
        assert station.asked == []
    told = b"".join(published)
    assert b"reply_to: is required" in told
    assert canary.encode() not in told


@pytest.mark.abuse(
    "35 another service asks with the same id", "hears that it ended, and no word of the customer"
)
async def test_the_id_of_a_command_is_not_enough_to_hear_its_customer(
    installation: Installation, name: str
) -> None:
    """Everybody hears the id in `command_queued`; only who has asked knows what was asked."""
    canary = f"canary{uuid4().hex}"
    command = CustomerInformation(station=name, report=True, customer_identifier=canary)
    thief = command.model_copy(update={"customer_identifier": "somebody"})
    go = asyncio.Event()
    async with (
        bare_station(installation, name) as station,
        installation.diagnostics() as diagnostics,
        installation.diagnostics() as thiefs,
    ):

        async def then(_: str, payload: Payload) -> None:
            await go.wait()
            part = {"requestId": payload["requestId"], "generatedAt": "2026-01-31T12:00:00Z", "seqNo": 0}
            await station.say("NotifyCustomerInformation", {**part, "data": canary})

        station.then = then
        await diagnostics.send(command)
        await asyncio.sleep(0.5)
        await thiefs.send(thief)
        await asyncio.sleep(0.5)
        go.set()
        assert_text(await asyncio.wait_for(diagnostics.settle(command), 10), canary)
        await thiefs.send(thief)
        stolen = await asyncio.wait_for(thiefs.settle(thief), 10)
    assert_text(stolen, None)
    assert len(station.asked) == 1


def assert_text(settled: CommandSettled, text: str | None) -> None:
    assert isinstance(settled.result, CustomerReport)
    assert settled.result.data == text
