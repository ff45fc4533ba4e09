"""Messages whose properties no client library can read: parked or dropped, and the workers go on."""

import asyncio
import struct

import pytest
from installation import Installation
from raw_amqp import DELIVERY_MODE, HEADERS, MESSAGE_ID, TIMESTAMP, TYPE, publish_raw, short, table

from ocppdiag_amqp import Parking
from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_contracts.failures import Failure

PERSISTENT = {DELIVERY_MODE: b"\x02"}
ODD = {
    "message_id": {MESSAGE_ID: short(b"\xff\xfe")},
    "type": {TYPE: short(b"\xc3")},
    "key of a header": {HEADERS: table(short(b"\xff") + b"S" + struct.pack(">I", 1) + b"x")},
    "text of a header": {HEADERS: table(short(b"k") + b"S" + struct.pack(">I", 2) + b"\xff\xfe")},
    "time of a header": {HEADERS: table(short(b"k") + b"T" + struct.pack(">Q", 2**63))},
    "timestamp": {TIMESTAMP: struct.pack(">Q", 2**64 - 1)},
    "timestamp of a far year": {TIMESTAMP: struct.pack(">Q", 2**50)},
    "delivery mode": {DELIVERY_MODE: b"\x07"},
    "nested headers": {HEADERS: table(short(b"k") + b"F" + table(short(b"\xff") + b"t\x01"))},
}


@pytest.mark.abuse(
    "33 properties that no client library reads", "parked at once; the connection and the workers go on"
)
async def test_properties_that_cannot_be_read_cost_their_own_message_only(
    installation: Installation, name: str
) -> None:
    taken: dict[str, bool] = {}
    async with installation.diagnostics() as diagnostics:
        for kind, odd in ODD.items():
            taken[kind] = await publish_raw(
                installation.services.amqp_url,
                "ocppdiag.commands",
                "get_log",
                {**PERSISTENT, **odd},
                f'{{"odd":"{name}"}}'.encode(),
            )
            command = SetMonitoringLevel(station=name, severity=3)
            await diagnostics.send(command)
            settled = await asyncio.wait_for(diagnostics.settle(command), 5)
            assert settled.failure in (Failure.NOT_CONNECTED, Failure.UNKNOWN_STATION), settled
    assert not installation.said("message_unsettled")
    async with Parking.open(installation.services.amqp_url) as parking:
        mine = [held async for held in parking.messages() if name.encode() in held.parked.body]
        reasons = [held.parked.reason for held in mine]
        for held in mine:
            await held.drop()
    readable = [reason for reason in reasons if reason != "its properties cannot be read"]
    assert (len(reasons), len(readable)) == (sum(taken.values()), 1), (taken, reasons)
    assert taken["message_id"]
    assert taken["key of a header"]
