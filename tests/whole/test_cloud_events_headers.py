"""What other tools see of our messages on the broker: the raw headers of a command and of its events."""

import json
from datetime import datetime

import aio_pika
from installation import Installation

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import GetLog

ATTRIBUTES = {
    f"cloudEvents_{name}" for name in ("specversion", "id", "source", "type", "subject", "time", "dataschema")
}


async def test_a_command_and_its_events_are_cloud_events(installation: Installation, name: str) -> None:
    connection = await aio_pika.connect(installation.services.amqp_url)
    async with connection, installation.station(name):
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("ocppdiag.commands", "get_log")
        await queue.bind("ocppdiag.events", f"*.{name}")
        async with Diagnostics.connect(installation.services.amqp_url, name="billing") as diagnostics:
            command = GetLog(station=name)
            await diagnostics.send(command)
            await diagnostics.settle(command)
        sources = {}
        async with queue.iterator(no_ack=True, timeout=20) as messages:
            async for message in messages:
                body = json.loads(message.body)
                if body["station"] != name:  # another test's
                    continue
                kind = body.get("event", body["command"] if "log_type" in body else None)
                headers = message.headers
                sources[kind] = headers["cloudEvents_source"]
                assert headers.keys() == ATTRIBUTES  # and no word of who has asked
                assert message.content_type == "application/json"
                assert headers["cloudEvents_specversion"] == "1.0"
                assert headers["cloudEvents_type"] == f"ocppdiag.{kind}.v{body['schema_version']}"
                assert headers["cloudEvents_dataschema"] == f"urn:ocppdiag:schema:{kind}.v1"
                assert headers["cloudEvents_id"] == body["id"] == message.message_id
                assert headers["cloudEvents_subject"] == body["station"]
                assert headers["cloudEvents_time"] == body["time"]
                assert datetime.fromisoformat(body["time"])
                if kind == "command_settled":
                    break
    assert sources.pop("get_log") == "/ocppdiag/clients/billing"
    assert set(sources.values()) == {"/ocppdiag/workers"}
    assert {"command_queued", "command_sent", "log_stored", "command_settled"} <= sources.keys()
