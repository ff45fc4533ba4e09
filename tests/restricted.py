"""A RabbitMQ of a test's own with the generated definitions: each user has its name for a password, and its rights."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractChannel
from private import Private, private

SERVICES = """
[[billing]]
commands = ["get_log"]
stations = ["*"]
events = ["command_settled.#"]

[[operator]]
commands = ["*"]
stations = ["*"]

[[wall-board]]
events = ["station_connected.*"]
"""
USERS = ("gateway.gateway-0", "worker", "uploads", "operator", "billing", "wall-board")


@dataclass(frozen=True)
class Restricted:
    """A broker that lets nobody in but these users."""

    private: Private
    folder: Path

    def url(self, user: str) -> str:
        return self.private.services.amqp_url.replace("guest:guest", f"{user}:{user}")

    @property
    def refusals(self) -> list[str]:
        """What the broker says of those that it has refused something."""
        lines = (self.private.node.folder / "rabbitmq.log").read_text().splitlines()
        return [line for line in lines if "refused" in line.lower()]

    @asynccontextmanager
    async def channel(self, user: str) -> AsyncIterator[AbstractChannel]:
        async with await aio_pika.connect(self.url(user)) as connection:
            yield await connection.channel()


@asynccontextmanager
async def restricted(folder: Path) -> AsyncIterator[Restricted]:
    """Run it, and a Redis, until the block ends."""
    (folder / "rights.toml").write_text(SERVICES)
    (folder / "definitions.json").write_bytes(await definitions(folder / "rights.toml"))
    async with private(folder) as own:
        await own.node.control("import_definitions", str(folder / "definitions.json"))
        await own.node.control("delete_user", "guest")
        yield Restricted(own, folder)


async def definitions(rights: Path) -> bytes:
    """Have them printed, as an operator does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ocppdiag_contracts.definitions"),
        *("--shards", "2", "--node", "gateway-0", "--services", str(rights)),
        env={
            **os.environ,
            **{"OCPPDIAG_PASSWORD_" + re.sub(r"\W", "_", user.upper()): user for user in USERS},
        },
        stdout=asyncio.subprocess.PIPE,
    )
    made, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return made
