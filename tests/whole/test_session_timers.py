"""A session gives up in time, whatever else it waits for: it keeps one timer, and that one goes by what is due first."""

import asyncio
import time
from typing import cast

import msgspec
from line_ends import ends, until
from msgspec import Raw

from ocppdiag_amqp import Publisher
from ocppdiag_contracts import link
from ocppdiag_contracts.topology import Exchange
from ocppdiag_gateway.conversation import Conversation
from ocppdiag_gateway.identity import Identity
from ocppdiag_gateway.link import Link
from ocppdiag_gateway.session import Session
from ocppdiag_redis import Lease


class Broker:
    """Confirms at once."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def publish(self, _: Exchange, __: str, body: bytes, **___: object) -> None:
        self.kinds += [record["kind"] for record in msgspec.json.decode(body)]


async def test_a_call_of_ours_times_out_though_one_of_the_stations_may_wait_longer() -> None:
    broker = Broker()
    async with ends() as both:
        await until(lambda: hasattr(both, "server"))
        lease = Lease("CS-1", "node", "c", "ocpp2.0.1", 1)
        talk = Conversation(Identity(lease.station, lease.node, lease.connection, lease.epoch, lease.version))
        session = Session(both.server, lease, talk, Link(cast("Publisher", broker), 1), 2**20)
        session._heard('[2,"theirs","Heartbeat",{}]')
        for message_id in ("first", "second"):  # the second waits for the first, and has its own time then
            now = time.time()
            session.order(
                link.Call(
                    station="CS-1", epoch=1, at=now, message_id=message_id, action="GetLog", payload=Raw(b"{}"),
                    owner="o", tag=message_id, take_by=now + 9, expires_at=now + 9, timeout=0.1,
                )
            )  # fmt: skip
        began = time.monotonic()
        await until(lambda: broker.kinds.count("timeout") == 2)
        assert 0.19 < time.monotonic() - began < 5
        assert broker.kinds.count("call") == 1
        session.finish()
        await asyncio.sleep(0)
