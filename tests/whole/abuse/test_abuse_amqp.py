"""Services that send what they may not, in names of real users of a real RabbitMQ that lets them publish anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from installation import Installation, install
from private import Private, private
from yarl import URL

from ocppdiag_amqp import Held, Parking
from ocppdiag_client import Diagnostics
from ocppdiag_client.parked import again
from ocppdiag_contracts import Outcome
from ocppdiag_contracts.commands import (
    Cancel,
    Command,
    CustomerInformation,
    GetLog,
    ListCommands,
    SetMonitoringLevel,
)
from ocppdiag_contracts.events import EVENT, CommandSettled
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, EVENTS, REPLIES, reply_key
from ocppdiag_workers.reception import UNSIGNED

A, B, OPERATOR = "tenant-a", "tenant b@example/ü", "operator"
PASSWORDS = {A: "a", B: "p@ss/word", OPERATOR: "o"}
RIGHTS = f"""
[[{A}]]
commands = ["get_log", "set_*"]
stations = ["A-*"]

[["{B}"]]
commands = ["*"]
stations = ["B-*"]

[[{OPERATOR}]]
commands = ["*"]
stations = ["*"]
"""
MORE = f"""
[[{A}]]
commands = ["list_commands"]
stations = ["A-RELOAD"]
"""


@dataclass(frozen=True)
class Tenants:
    """An installation whose workers know who may what, and its users."""

    servers: Private
    installation: Installation
    rights: Path

    def url(self, user: str) -> str:
        port = URL(self.servers.node.url).port
        return f"amqp://{quote(user, safe='')}:{quote(PASSWORDS[user], safe='')}@127.0.0.1:{port}/"

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Diagnostics]:
        async with Diagnostics.connect(self.url(user), name="test") as client:
            yield client

    async def end(self, user: str, command: Command) -> CommandSettled:
        """Send a command in this user's name, and wait for what becomes of it."""
        async with self.client(user) as client:
            await client.send(command)
            return await client.settle(command)

    def begun(self, station: str) -> list[str]:
        """The ids of the commands that a worker has begun for a station."""
        return [line["command_id"] for line in self.installation.said("command_queued", station=station)]

    @asynccontextmanager
    async def put_aside(self, command: Command) -> AsyncIterator[Held]:
        """Hold what is parked of a command."""
        async with asyncio.timeout(20):
            while True:
                async with Parking.open(self.url(OPERATOR)) as parking:
                    async for held in parking.messages():
                        if command.id.encode() in held.parked.body:
                            yield held
                            return
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tenants(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tenants]:
    folder = tmp_path_factory.mktemp("tenants")
    rights = folder / "rights.toml"
    rights.write_text(RIGHTS, encoding="utf-8")
    async with private(folder) as servers:
        control, everything = servers.node.control, (".*", ".*", ".*")
        await asyncio.gather(*(control("add_user", *each) for each in PASSWORDS.items()))
        await asyncio.gather(*(control("set_permissions", user, *everything) for user in PASSWORDS))
        async with install(servers.services, folder / "logs", {"OCPPDIAG_RIGHTS": str(rights)}) as made:
            yield Tenants(servers, made, rights)


def assert_forbidden(end: CommandSettled) -> None:
    assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.FORBIDDEN)


@pytest.mark.abuse(
    "31 a command without the right, where the broker has no topic permissions",
    "rejected as forbidden by the workers' allow-list, nothing is begun, the log says who",
)
async def test_a_service_may_send_what_it_was_granted_and_nothing_else(tenants: Tenants) -> None:
    async with tenants.installation.station("A-31"):
        granted = GetLog(station="A-31")
        assert (await tenants.end(A, granted)).outcome is Outcome.COMPLETED
        clear = CustomerInformation(station="A-31", report=False, clear=True, customer_identifier="x")
        assert_forbidden(await tenants.end(A, clear))
        assert tenants.begun("A-31") == [granted.id]
        (line,) = tenants.installation.said("command_forbidden", command_id=clear.id)
        assert (line["user"], line["command"], line["station"]) == (A, "customer_information", "A-31")
        assert_forbidden(await tenants.end(B, GetLog(station="A-31")))


@pytest.mark.abuse(
    "32 a command without user_id",
    "forbidden, and parked with the reason; also when an operator sends it again",
)
async def test_a_command_without_user_id_is_told_of_and_parked(tenants: Tenants) -> None:
    command, me = SetMonitoringLevel(station="B-32", severity=3), uuid4().hex
    async with tenants.installation.station("B-32"), await aio_pika.connect(tenants.url(B)) as connection:
        channel = await connection.channel()
        own = await channel.declare_queue(exclusive=True)
        await own.bind(EVENTS.name, reply_key(me))
        await own.bind(REPLIES.name, me)
        commands = await channel.get_exchange(COMMANDS.name)
        body = command.model_dump_json(exclude_none=True).encode()
        await commands.publish(aio_pika.Message(body, reply_to=me), command.command)
        async with tenants.put_aside(command) as held:
            assert (held.parked.reason, held.parked.user) == (UNSIGNED, None)
            shape = again(held.parked, now())
            await held.send(shape.exchange, shape.body, message_id=shape.message_id, headers=shape.headers)
        repeated = command.model_copy(update={"id": shape.command_id})
        async with tenants.put_aside(repeated) as held:
            assert (held.parked.reason, held.parked.user) == (UNSIGNED, OPERATOR)
            await held.drop()
        for each in (command, repeated):
            message = await own.get(timeout=10)
            assert message is not None
            end = EVENT.validate_json(message.body)
            assert isinstance(end, CommandSettled)
            assert end.command_id == each.id
            assert_forbidden(end)
        assert tenants.begun("B-32") == []


@pytest.mark.abuse(
    "32 a command with the user_id of another", "406 from the broker, and it is stored nowhere"
)
async def test_nobody_sends_in_the_name_of_another(tenants: Tenants) -> None:
    command = SetMonitoringLevel(station="B-32-FORGED", severity=3)
    body = command.model_dump_json(exclude_none=True).encode()
    async with await aio_pika.connect(tenants.url(A)) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(COMMANDS.name)
        with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed, match="user_id"):
            await commands.publish(aio_pika.Message(body, user_id=B), command.command)
    queued = SetMonitoringLevel(station="B-32-FORGED", severity=3)
    assert (await tenants.end(B, queued)).failure is Failure.UNKNOWN_STATION
    assert tenants.begun("B-32-FORGED") == [queued.id]


@pytest.mark.abuse(
    "34 tenant A commands the station of tenant B",
    "rejected as forbidden, told to A only; the log says who; B's commands go on",
)
async def test_a_tenant_does_nothing_to_the_stations_of_another(tenants: Tenants) -> None:
    async with (
        tenants.installation.station("B-34"),
        tenants.client(A) as a,
        tenants.client(B) as b,
        b.listen("*.B-34") as everybody,
    ):
        theirs = GetLog(station="B-34")
        await b.send(theirs)
        wishes = (
            GetLog(station="B-34"),
            Cancel(station="B-34", command_id=theirs.id),
            ListCommands(station="B-34"),
            CustomerInformation(station="B-34", report=True, clear=False, customer_identifier="x"),
            theirs,
        )
        for wish in wishes:
            await a.send(wish)
            assert_forbidden(await a.settle(wish))
        assert (await b.settle(theirs)).outcome is Outcome.COMPLETED
        await a.send(again_of(theirs))
        heard = []
        async for event in everybody:
            heard.append(event)
            if isinstance(event, CommandSettled):
                break
        assert {event.command_id for event in heard if hasattr(event, "command_id")} <= {theirs.id, None}
        assert tenants.begun("B-34") == [theirs.id]
        told = tenants.installation.said("command_forbidden", station="B-34", user=A)
        assert {line["command_id"] for line in told} >= {wish.id for wish in wishes}


def again_of(command: GetLog) -> GetLog:
    """The same id with another wish, as one who only knows the id would send it."""
    return GetLog(station=command.station, id=command.id)


async def test_a_right_that_is_written_down_counts_without_a_restart(tenants: Tenants) -> None:
    assert_forbidden(await tenants.end(A, ListCommands(station="A-RELOAD")))
    tenants.rights.write_text(RIGHTS + MORE, encoding="utf-8")
    async with asyncio.timeout(30):
        while len(tenants.installation.said("rights_read")) < 2:  # noqa: ASYNC110 (it tells by its log)
            await asyncio.sleep(0.1)
    assert (await tenants.end(A, ListCommands(station="A-RELOAD"))).outcome is Outcome.COMPLETED
