"""One log, all the way: from stations that we wrote and from one that we did not."""

import asyncio
import json
import os
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import aio_pika
from charge_point import independent_station
from installation import Installation

from ocppdiag_contracts import EVENT, GetLog, LogFile, LogType, Outcome
from ocppdiag_contracts.events import (
    CommandAccepted,
    CommandQueued,
    CommandSent,
    CommandSettled,
    Event,
    LogStatusReported,
    LogStored,
)


def content(settled: CommandSettled) -> bytes:
    assert isinstance(settled.result, LogFile)
    return Path(unquote(urlsplit(settled.result.location).path)).read_bytes()


async def test_a_station_that_we_did_not_write_uploads_a_megabyte(
    installation: Installation, name: str
) -> None:
    log = os.urandom(3 * 2**20 + 17)
    password = await installation.password(name)
    async with (
        independent_station(installation.running.gateway_url, name, password, log) as station,
        installation.diagnostics() as diagnostics,
    ):
        boot = await station.boot()
        assert boot.status == "Accepted"
        assert boot.interval == 300
        command = GetLog(station=name, log_type=LogType.SECURITY)
        await diagnostics.send(command)
        events = [event async for event in diagnostics.follow(command)]
        settled = await diagnostics.settle(command)

    assert settled.outcome is Outcome.COMPLETED, settled
    assert isinstance(settled.result, LogFile)
    assert settled.result.size == len(log)
    assert settled.result.sha256 == sha256(log).hexdigest()
    assert settled.result.reported == "Uploaded"
    assert settled.result.filename == "independent.log"
    assert content(settled) == log
    assert isinstance(events[0], CommandQueued)
    assert sum(isinstance(event, CommandSent) for event in events) == 1
    assert sum(isinstance(event, CommandAccepted) for event in events) == 1
    assert sum(isinstance(event, LogStored) for event in events) == 1
    assert [event for event in events if isinstance(event, CommandSettled)] == [events[-1]]
    reports = [event.status for event in events if isinstance(event, LogStatusReported)]
    assert reports[0] == "Uploading"
    # The file and the station's last word cross each other: whichever is second ends the command.
    assert set(reports) <= {"Uploading", "Uploaded"}
    assert len(station.answers) == 2
    assert None not in station.answers  # both were thanked


async def test_our_own_station_uploads_raw_and_as_a_form(installation: Installation, name: str) -> None:
    async with installation.diagnostics() as diagnostics:
        for scenario in ("good", "form"):
            async with installation.station(f"{name}-{scenario}", scenario):
                command = GetLog(station=f"{name}-{scenario}")
                await diagnostics.send(command)
                settled = await asyncio.wait_for(diagnostics.settle(command), 20)
                assert settled.outcome is Outcome.COMPLETED, settled
                assert b"power: L1" in content(settled)


async def test_a_service_in_another_language_needs_only_amqp_and_json(
    installation: Installation, name: str
) -> None:
    """What contracts/README.md promises, with a bare AMQP client."""
    command_id, me = str(uuid4()), f"other-{uuid4().hex}"
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection, installation.station(name):
        channel = await connection.channel(on_return_raises=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("ocppdiag.events", f"reply.{me}")
        exchange = await channel.get_exchange("ocppdiag.commands")
        body = {
            "command": "get_log",
            "id": command_id,
            "schema_version": 1,
            "time": "2026-11-22T10:00:00Z",
            "deadline": "2026-11-28T10:00:00Z",
            "station": name,
            "log_type": "SecurityLog",
        }
        await exchange.publish(aio_pika.Message(json.dumps(body).encode(), reply_to=me), "get_log")
        heard: list[Event] = []
        async with queue.iterator(timeout=20) as messages:
            async for message in messages:
                await message.ack()
                heard.append(EVENT.validate_json(message.body))
                assert message.message_id == heard[-1].id
                assert message.type == heard[-1].event
                if isinstance(heard[-1], CommandSettled):
                    break
    assert isinstance(heard[-1], CommandSettled)
    assert heard[-1].outcome is Outcome.COMPLETED
    assert len({event.id for event in heard}) == len(heard)


async def test_the_same_command_twice_is_one_operation(installation: Installation, name: str) -> None:
    async with installation.station(name), installation.diagnostics() as diagnostics:
        command = GetLog(station=name)
        await diagnostics.send(command)
        await diagnostics.send(command)
        first = await asyncio.wait_for(diagnostics.settle(command), 20)
        async with installation.diagnostics() as restarted:  # a service that has forgotten, and asks again
            await restarted.send(command)
            again = await asyncio.wait_for(restarted.settle(command), 20)
    assert first.outcome is Outcome.COMPLETED
    assert again == first
    assert len(installation.said("operation_moved", station=name, state="completed")) == 1
    assert len(installation.said("command_queued", station=name)) == 1


async def test_many_stations_at_once(installation: Installation, name: str) -> None:
    async with installation.diagnostics() as diagnostics:

        async def one(number: int) -> CommandSettled:
            async with installation.station(f"{name}-{number}"):
                command = GetLog(station=f"{name}-{number}")
                await diagnostics.send(command)
                return await asyncio.wait_for(diagnostics.settle(command), 40)

        ends = await asyncio.gather(*(one(number) for number in range(20)))
    assert [end.outcome for end in ends] == [Outcome.COMPLETED] * 20
