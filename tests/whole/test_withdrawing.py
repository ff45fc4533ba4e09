"""CALLs taken back from a real gateway before they were sent: as another team's workers would, over the broker."""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractQueue
from installation import Installation
from msgspec import Raw
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ocppdiag_contracts import link
from ocppdiag_contracts.topology import GATEWAY, STATION, station_key
from ocppdiag_local.services import Services
from ocppdiag_redis import Lease

UNCLAIMED = '[2,"u","Unclaimed",{}]'
"""What the gateway answers without a worker, behind everything that it has written before."""


class Team:
    """Somebody else who sends CALLs to one station through its gateway, and hears what became of them."""

    def __init__(self, name: str, lease: Lease, channel: AbstractChannel) -> None:
        self.owner = f"team-{name}"
        self.lease = lease
        self._channel = channel
        self._results: AbstractQueue

    async def set_up(self) -> None:
        self._results = await self._channel.declare_queue(exclusive=True)
        await self._results.bind(STATION.name, station_key("result", self.owner, 0))

    async def order(self, *orders: link.ToGateway) -> None:
        exchange = await self._channel.get_exchange(GATEWAY.name)
        message = aio_pika.Message(link.join([link.encode(order) for order in orders]))
        await exchange.publish(message, self.lease.node)

    def call(self, message_id: str) -> link.Call:
        return link.Call(
            station=self.lease.station,
            epoch=self.lease.epoch,
            at=time.time(),
            message_id=message_id,
            action="GetVariables",
            payload=Raw(b"{}"),
            owner=self.owner,
            tag=f"call {message_id}",
            take_by=time.time() + 25,
            expires_at=time.time() + 60,
            timeout=60,
        )

    def withdraw(self, message_id: str, *, epoch: int | None = None) -> link.Withdraw:
        return link.Withdraw(
            station=self.lease.station,
            epoch=epoch or self.lease.epoch,
            at=time.time(),
            message_id=message_id,
            owner=self.owner,
            tag=f"cancel {message_id}",
            action="Cancel",
        )

    async def told(self, count: int) -> list[str]:
        """The next so many results, in words."""
        words: list[str] = []
        async with asyncio.timeout(15):
            while len(words) < count:
                message = await self._results.get(no_ack=True, fail=False)
                if message is None:
                    await asyncio.sleep(0.02)
                    continue
                for raw in link.split(message.body):
                    record = link.TO_WORKERS.decode(raw)
                    assert isinstance(record, link.Result)
                    words.append(f"{record.tag}: {getattr(record, 'reason', type(record).__name__)}")
        return words


@asynccontextmanager
async def the_team(services: Services, name: str, lease: Lease) -> AsyncIterator[Team]:
    async with await aio_pika.connect(services.amqp_url) as connection:
        team = Team(name, lease, await connection.channel())
        await team.set_up()
        yield team


@asynccontextmanager
async def connected(installation: Installation, name: str) -> AsyncIterator[tuple[ClientConnection, Lease]]:
    credentials = b64encode(f"{name}:{await installation.password(name)}".encode()).decode()
    async with connect(
        f"{installation.running.gateway_url}/{name}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        await socket.send(UNCLAIMED)
        assert (await _next_frame(socket))[1] == "u"  # it has its lease by now
        lease = await installation.directory.find(name)
        assert lease is not None
        yield socket, lease


async def _next_frame(socket: ClientConnection) -> list[object]:
    frame: list[object] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return frame


async def test_a_call_is_withdrawn_while_another_is_under_way_and_the_station_never_sees_it(
    installation: Installation, services: Services, name: str
) -> None:
    async with connected(installation, name) as (socket, lease), the_team(services, name, lease) as team:
        await team.order(team.call("m1"), team.call("m2"), team.call("m3"))
        assert (await _next_frame(socket))[1] == "m1"  # and is left without an answer
        assert await team.told(1) == ["call m1: Sent"]
        await team.order(team.withdraw("m2"), team.withdraw("m1"))
        assert await team.told(3) == ["call m2: withdrawn", "cancel m2: Answered", "cancel m1: sent"]
        await team.order(team.withdraw("m2"), team.call("m2"), team.withdraw("m1"))  # all of it comes twice
        assert await team.told(2) == ["cancel m2: Answered", "cancel m1: sent"]
        await socket.send('[3,"m1",{}]')
        assert (await _next_frame(socket))[1] == "m3"
        assert await team.told(2) == ["call m1: Answered", "call m3: Sent"]
        await socket.send('[3,"m3",{}]')
        await socket.send(UNCLAIMED)
        assert (await _next_frame(socket))[1] == "u"


async def test_a_withdrawal_that_overtakes_its_call_holds(
    installation: Installation, services: Services, name: str
) -> None:
    async with connected(installation, name) as (socket, lease), the_team(services, name, lease) as team:
        await team.order(team.withdraw("m1"))
        assert await team.told(1) == ["cancel m1: Answered"]
        await team.order(team.call("m1"))
        assert await team.told(1) == ["call m1: withdrawn"]
        await socket.send(UNCLAIMED)
        assert (await _next_frame(socket))[1] == "u"


async def test_a_withdrawal_on_another_connection_is_stale_and_on_none_it_is_gone(
    installation: Installation, services: Services, name: str
) -> None:
    async with connected(installation, name) as (socket, lease), the_team(services, name, lease) as team:
        await team.order(team.withdraw("m1", epoch=lease.epoch - 1), team.call("m1"))
        assert await team.told(2) == ["cancel m1: stale", "call m1: Sent"]
        assert (await _next_frame(socket))[1] == "m1"
        await socket.close()
        assert await team.told(1) == ["call m1: Lost"]
        await team.order(team.withdraw("m1"))
        assert await team.told(1) == ["cancel m1: gone"]
