"""The generated definitions in a RabbitMQ of their own: our processes do their work with them, and nothing else is let in."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from aiormq.exceptions import ChannelAccessRefused
from installation import SETTINGS, Installation
from nodejs import Node
from restricted import Restricted, restricted

from ocppdiag_amqp import Broker, Parking
from ocppdiag_client import Diagnostics
from ocppdiag_contracts import CommandSettled, GetLog, LogFile, Outcome
from ocppdiag_contracts.commands import CustomerInformation
from ocppdiag_contracts.topology import COMMANDS, WORKERS_OWN
from ocppdiag_local.keys import Keys
from ocppdiag_local.stack import Stack, start
from ocppdiag_redis import Pipelined

README = Path(__file__).parents[2] / "contracts" / "README.md"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Restricted]:
    async with restricted(tmp_path_factory.mktemp("restricted")) as broker:
        yield broker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installed(broker: Restricted) -> AsyncIterator[Installation]:
    """Each of our processes under its own user."""
    lines: list[tuple[str, dict[str, Any]]] = []
    keys = Keys.new()
    redis = Pipelined.from_url(broker.private.services.redis_url)
    shared = {
        **SETTINGS,
        "OCPPDIAG_REDIS_URL": broker.private.services.redis_url,
        "OCPPDIAG_CREDENTIAL_KEY": keys.credential_key,
        "OCPPDIAG_UPLOAD_KEY": keys.upload_key,
        "OCPPDIAG_UPLOAD_FOLDER": str(broker.folder / "logs"),
        "OCPPDIAG_UPLOAD_PORT": "0",
        "OCPPDIAG_PORT": "0",
        "OCPPDIAG_NODE": "gateway-0",
        "OCPPDIAG_SHARDS": "2",
        "OCPPDIAG_DRAIN_SECONDS": "1",
    }
    async with AsyncExitStack() as exits:
        exits.push_async_callback(redis.aclose)

        async def process(name: str, module: str, user: str = "", **more: str) -> Any:  # noqa: ANN401 (a Process)
            variables = {**shared, "OCPPDIAG_AMQP_URL": broker.url(user or name), **more}
            return await exits.enter_async_context(
                start(name, module, variables, lambda who, said: lines.append((who, said)))
            )

        uploads = await process("uploads", "ocppdiag_uploads")
        upload_url = f"http://127.0.0.1:{uploads.ready.result()['port']}"
        rights = str(broker.folder / "rights.toml")
        worker = await process(
            "worker", "ocppdiag_workers", OCPPDIAG_UPLOAD_URL=upload_url, OCPPDIAG_RIGHTS=rights
        )
        gateway = await process("gateway", "ocppdiag_gateway", "gateway.gateway-0")
        gateway_url = f"ws://127.0.0.1:{gateway.ready.result()['port']}"
        running = Stack(gateway_url, upload_url, (uploads, worker, gateway))
        yield Installation(broker.private.services, keys, broker.folder, running, redis, lines)


async def fetch_log(diagnostics: Diagnostics, station: str) -> CommandSettled:
    command = GetLog(station=station)
    await diagnostics.send(command)
    return await asyncio.wait_for(diagnostics.settle(command), 30)


async def test_a_log_is_fetched_with_no_right_but_those(broker: Restricted, installed: Installation) -> None:
    async with (
        Diagnostics.connect(broker.url("billing"), name="billing") as billing,
        billing.listen("command_settled.#") as heard,
        installed.station("CS-1"),
    ):
        settled = await fetch_log(billing, "CS-1")
        assert settled.outcome is Outcome.COMPLETED
        assert isinstance(settled.result, LogFile)
        assert (await asyncio.wait_for(anext(heard), 10)).id == settled.id
        # What was declared and bound is declared and bound again.
        await broker.private.node.control("close_all_connections", "of a test")
        assert (await fetch_log(billing, "CS-1")).outcome is Outcome.COMPLETED
    assert broker.refusals == []
    assert not [line for _, line in installed.lines if "refused" in json.dumps(line).lower()]


async def test_the_program_in_node_gets_a_log_too(
    broker: Restricted, installed: Installation, node: Node, tmp_path: Path
) -> None:
    (text,) = re.findall(
        r"^```javascript\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "fetch-log.mjs").write_text(text)
    (tmp_path / "node_modules").symlink_to(node.packages)
    async with installed.station("CS-4"):
        process = await asyncio.create_subprocess_exec(
            *(node.executable, str(tmp_path / "fetch-log.mjs"), broker.url("billing"), "CS-4"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert "completed file://" in out.decode()


async def test_a_wall_board_sees_who_comes_and_may_ask_nothing(
    broker: Restricted, installed: Installation
) -> None:
    async with (
        Diagnostics.connect(broker.url("wall-board"), name="board") as board,
        board.listen("station_connected.CS-2") as heard,
        installed.station("CS-2"),
    ):
        assert (await asyncio.wait_for(anext(heard), 10)).station == "CS-2"


async def test_an_operator_sees_what_was_parked_and_sends_it_again(
    broker: Restricted, installed: Installation
) -> None:
    async with broker.channel("billing") as channel:
        commands = await channel.get_exchange(COMMANDS.name)
        await commands.publish(aio_pika.Message(b"no command at all"), "get_log")
    await until(lambda: installed.said("message_parked"))
    async with Parking.open(broker.url("operator")) as parking:
        (held,) = [held async for held in parking.messages()]
        await held.send(COMMANDS, b"still none", message_id=None, headers={})
    await until(lambda: len(installed.said("message_parked")) == 2)
    async with Parking.open(broker.url("operator")) as parking:
        (held,) = [held async for held in parking.messages()]
        assert held.parked.body == b"still none"
        await held.drop()


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not there():  # noqa: ASYNC110 (a list has no bell)
            await asyncio.sleep(0.05)


@pytest.mark.abuse(
    "30 a service publishes a command that it has no right to",
    "the broker answers 403; under the key of one that it may send, the worker refuses it",
)
async def test_a_command_that_a_service_has_no_right_to_is_refused(
    broker: Restricted, installed: Installation
) -> None:
    command = CustomerInformation(station="CS-1", clear=True, customer_identifier="x")
    message = aio_pika.Message(command.model_dump_json(exclude_none=True).encode(), user_id="billing")
    async with broker.channel("billing") as channel:
        commands = await channel.get_exchange(COMMANDS.name)
        with pytest.raises(ChannelAccessRefused):
            await commands.publish(message, command.command)
    async with broker.channel("billing") as channel:
        commands = await channel.get_exchange(COMMANDS.name)
        await commands.publish(message, "get_log")
        await until(lambda: installed.said("command_forbidden", command_id=command.id, user="billing"))
    assert not installed.said("command_queued", command_id=command.id)


async def test_workers_make_again_what_of_theirs_has_gone(broker: Restricted) -> None:
    for queue in WORKERS_OWN:
        await broker.private.node.control("delete_queue", queue.name)
    async with Broker(broker.url("worker"), name="test") as worker:
        await worker.declare_exchanges(*WORKERS_OWN)
    there = await broker.private.node.control("list_queues", "name")
    assert {queue.name for queue in WORKERS_OWN} <= set(there.split())


async def test_definitions_can_be_imported_again_under_what_runs(
    broker: Restricted, installed: Installation
) -> None:
    await broker.private.node.control("import_definitions", str(broker.folder / "definitions.json"))
    async with (
        Diagnostics.connect(broker.url("billing"), name="billing") as billing,
        installed.station("CS-3"),
    ):
        assert (await fetch_log(billing, "CS-3")).outcome is Outcome.COMPLETED
