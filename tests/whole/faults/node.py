"""RabbitMQ for the fault suite: one node or three, each of which can be killed, frozen and started again on its data."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ocppdiag_local import answer, ports, programs
from ocppdiag_local.failures import ServicesError, ServicesMissing
from ocppdiag_local.leash import leashed
from ocppdiag_local.rabbitmq import _environment

COOKIE = "of-the-fault-suite"
START_SECONDS = 90.0
CONTROL_SECONDS = 60.0
KNOWN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Depth:
    """What a queue holds, and who takes from it."""

    ready: int
    unacked: int
    consumers: int


class Node:
    """One node: its address and its data stay, whatever happens to its process."""

    def __init__(self, name: str, folder: Path, names: int, plugins: str = "") -> None:
        self.name = f"{name}@localhost"
        self.folder = folder
        amqp, distribution = ports.free(2)
        self.url = f"amqp://guest:guest@127.0.0.1:{amqp}/"
        self._names = names
        self._running = ExitStack()
        self._frozen = False
        for place in (folder, folder / "conf.d"):
            place.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{amqp}\n")
        (folder / "enabled_plugins").write_text(f"[{plugins}].\n")
        cookie = folder / ".erlang.cookie"
        cookie.write_text(COOKIE)
        cookie.chmod(0o400)
        self.env = _environment(folder, distribution, names) | {"RABBITMQ_NODENAME": self.name}

    @property
    def pid(self) -> int:
        """Of the Erlang machine itself, not of its leash or its shell."""
        return int((self.folder / "rabbitmq.pid").read_text())

    async def start(self) -> None:
        """Return when it speaks AMQP."""
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        (self.folder / "rabbitmq.pid").unlink(missing_ok=True)
        log = self.folder / "rabbitmq.log"
        process = self._running.enter_context(leashed([program("rabbitmq-server")], env=self.env, log=log))
        answer.wait(answer.rabbitmq, self.url, within=START_SECONDS, process=process, log=log)

    async def known(self) -> None:
        """Return when the names of its quorum queues are on its disk. Raises TimeoutError.

        Each is known there by the name of its folder, in a table that is written when it was left alone for half a
        second (https://github.com/rabbitmq/ra, ra_directory.erl: `auto_save`). Who is killed before that, comes back
        with a queue that has forgotten its members: 3.10 then starts it as a new one, for which nobody votes.
        """
        place = self.folder / "data" / self.name / "quorum" / self.name
        async with asyncio.timeout(KNOWN_SECONDS):
            while not await asyncio.to_thread(_all_named, place):  # noqa: ASYNC110 (a file tells nobody)
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        await asyncio.to_thread(self._running.close)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)
        self._frozen = False

    async def stop(self) -> None:
        if self._frozen:
            self.thaw()
        await asyncio.to_thread(self._running.close)

    async def control(self, *arguments: str) -> str:
        """Run rabbitmqctl on it; returns what it printed."""
        process = await asyncio.create_subprocess_exec(
            program("rabbitmqctl"),
            *("-n", self.name, "--quiet", *arguments),
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise ServicesError(f"rabbitmqctl {' '.join(arguments)}: {errors.decode().strip()}")
        return out.decode()


class Nodes:
    """All nodes of one installation; a node that lives answers for them."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.away: set[str] = set()
        """Names of nodes that are not to be asked now."""

    async def control(self, *arguments: str) -> str:
        """Run rabbitmqctl on the first node that is there."""
        there = next(node for node in self.nodes if node.name not in self.away)
        return await there.control(*arguments)

    async def depths(self) -> dict[str, Depth]:
        """Return what is in all queues."""
        columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
        rows = json.loads(await self.control("list_queues", *columns, "--formatter", "json"))
        # A queue that has just begun to be has no figures yet.
        return {row["name"]: Depth(*(int(row.get(column) or 0) for column in columns[1:])) for row in rows}

    async def home(self, queue: str) -> Node:
        """Return the node that leads a quorum queue, or has a classic one."""
        rows = (await self.control("list_queues", "name", "pid")).splitlines()
        pid = next(pid for name, pid in (row.split("\t") for row in rows) if name == queue)
        return next(node for node in self.nodes if node.name in pid)


def _all_named(place: Path) -> bool:
    names = (place / "names.dets").read_bytes()
    return all(each.name.encode() in names for each in place.iterdir() if each.is_dir())


def program(name: str) -> str:
    path = programs.find(name)
    if path is None:
        raise ServicesMissing(f"{name} is not on this machine.")
    return path


@asynccontextmanager
async def rabbitmq(folder: Path, count: int, plugins: str = "") -> AsyncIterator[Nodes]:
    """Run so many nodes as one cluster, with an epmd of their own, and these plugins (with commas between)."""
    (names,) = ports.free(1)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    called = [f"rabbit-{each}" for each in range(count)]
    nodes = Nodes(tuple(Node(name, folder / name, names, plugins) for name in called))
    first, *others = nodes.nodes
    for node in others:  # they look for the first at their first start, and remember it
        with (node.folder / "rabbitmq.conf").open("a") as conf:
            conf.write("cluster_formation.peer_discovery_backend = classic_config\n")
            conf.write(f"cluster_formation.classic_config.nodes.1 = {first.name}\n")
            conf.write(f"cluster_formation.classic_config.nodes.2 = {node.name}\n")
    command = [program("epmd"), "-address", "127.0.0.1", "-port", str(names)]
    with leashed(command, env=first.env, log=folder / "epmd.log"):
        try:
            for node in nodes.nodes:
                await node.start()
                await node.control("await_startup")  # it speaks AMQP a little before it is all there
            yield nodes
        finally:
            await asyncio.gather(*(node.stop() for node in nodes.nodes))
