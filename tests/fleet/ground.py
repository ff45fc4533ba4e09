"""What the measurements stand on: RabbitMQ, Redis, workers and gateways as processes, and stations' passwords."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # where certificates are made

import cost
import typer
from certificates import Authority

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services, services
from ocppdiag_local.stack import Process, start, variables
from ocppdiag_process.logs import configure
from ocppdiag_redis import Credentials, Pipelined

COLLECT_SECONDS = 3.0
RUSH = {"OCPPDIAG_HANDSHAKES_PER_SECOND": "10000", "OCPPDIAG_HANDSHAKES_PER_ADDRESS": "10000"}
"""What lets any number of stations in at once, all from one address."""

NO_UPLOADS = "http://127.0.0.1:9"  # nobody uploads here


class Fleet:
    """All that runs."""

    def __init__(self, services: Services, redis: Pipelined, credentials: Credentials) -> None:
        self.services = services
        self.redis = redis
        self.workers: list[Process] = []
        self.gateways: list[Process] = []
        self.others: list[Process] = []
        """The upload receiver, and what a measurement has started with `process`."""
        self.variables: dict[str, str] = {}
        """OCPPDIAG_..., for every process."""
        self.complaints: Counter[str] = Counter()
        self.stopped: dict[str, float] = {}
        """When each process that is gone said that it has ended in order."""
        self.authority: Path | None = None
        """Who vouches for the gateways' certificates, if they have any."""
        self._credentials = credentials
        self._started: Counter[str] = Counter()

    @property
    def urls(self) -> list[str]:
        """Where the gateways listen."""
        port = "tls_port" if self.authority else "port"
        return [f"ws://127.0.0.1:{gateway.ready.result()[port]}" for gateway in self.gateways]

    def hear(self, process: str, line: dict[str, Any]) -> None:
        """Count what the processes complain about."""
        if line.get("level") in ("warning", "error", "critical"):
            self.complaints[f"{process}: {line.get('event')}"] += 1
        elif line.get("event") == "stopped":
            self.stopped[process] = time.monotonic()

    async def stations(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Register so many stations: name and password of each."""
        names = [f"{prefix}-{number}" for number in range(count)]
        profile = SecurityProfile.TLS_BASIC if self.authority else SecurityProfile.BASIC
        passwords = await asyncio.gather(*(self._credentials.issue(name, profile) for name in names))
        return list(zip(names, passwords, strict=True))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Process]:
        """Run one more worker within this block: `worker`, `worker 2` and so on."""
        name, _ = self._next("worker")
        async with self.process(name, "ocppdiag_workers", among=self.workers) as process:
            yield process

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Process]:
        """Run one more gateway within this block: `gateway`, `gateway 2` and so on."""
        name, number = self._next("gateway")
        own = {"OCPPDIAG_NODE": f"gateway-{number}"}
        async with self.process(name, "measured_gateway", own, among=self.gateways) as process:
            yield process

    @asynccontextmanager
    async def process(
        self,
        name: str,
        module: str,
        own: Mapping[str, str] | None = None,
        *,
        among: list[Process] | None = None,
    ) -> AsyncIterator[Process]:
        """Run `python -m module` within this block, with variables of its own beside those of all."""
        among = self.others if among is None else among
        async with start(name, module, {**self.variables, **(own or {})}, self.hear) as process:
            among.append(process)
            try:
                yield process
            finally:
                among.remove(process)

    def pids(self) -> dict[str, int]:
        """All processes that run now, by what they are; a RabbitMQ or Redis that runs elsewhere is not among them."""
        servers = {"RabbitMQ": cost.descendant("beam.smp"), "Redis": cost.descendant("redis-server")}
        ours = (*self.gateways, *self.workers, *self.others)
        return {process.name: process.pid for process in ours if process.running} | {
            name: pid for name, pid in servers.items() if pid is not None
        }

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far, by process."""
        return {name: cost.cpu_seconds(pid) for name, pid in self.pids().items()}

    async def redis_commands(self) -> int:
        """How many commands clients have sent to Redis so far; what scripts do inside counts once."""
        commands = await self.redis.run("INFO", "commandstats")
        return sum(
            stats["calls"]
            for name, stats in commands.items()
            if name in ("cmdstat_evalsha", "cmdstat_eval", "cmdstat_ping")
        )

    def _next(self, kind: str) -> tuple[str, int]:
        self._started[kind] += 1
        number = self._started[kind]
        return kind if number == 1 else f"{kind} {number}", number


async def held(gateway: Process) -> cost.Memory:
    """What a gateway has in memory after its garbage is collected."""
    os.kill(gateway.pid, signal.SIGUSR1)
    await asyncio.sleep(COLLECT_SECONDS)
    return cost.memory(gateway.pid)


@asynccontextmanager
async def fleet(
    gateways: int = 1,
    workers: int = 1,
    *,
    tls: bool = False,
    uploads: bool = False,
    rush: bool = False,
    **settings: str,
) -> AsyncIterator[Fleet]:
    """Run so many workers and gateways within this block, with further variables OCPPDIAG_... for all.

    With `tls` the gateways have a certificate with an elliptic curve's key (P-256), and every station comes by TLS.
    With `uploads` there is an upload receiver too; else nobody takes what a station uploads. With `rush` any number
    of stations may come at once, and from one address.
    """
    configure(level="error", process="fleet", readable=False)
    cost.open_files()
    keys = Keys.new()
    async with AsyncExitStack() as exits:
        found = exits.enter_context(services(prefer="processes", say=lambda text: typer.echo(text, err=True)))
        folder = Path(exits.enter_context(TemporaryDirectory()))
        redis = Pipelined.from_url(found.redis_url)
        exits.push_async_callback(redis.aclose)
        running = Fleet(found, redis, Credentials(redis, keys.credential_key.encode()))
        running.variables = {
            **variables(found, keys, folder),
            "OCPPDIAG_UPLOAD_URL": NO_UPLOADS,
            "OCPPDIAG_UPLOAD_PORT": "0",
            "OCPPDIAG_PORT": "0",
            "OCPPDIAG_LOG_LEVEL": "info",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            **(RUSH if rush else {}),
            **settings,
        }
        if tls:
            authority = Authority.new()
            running.authority = authority.save_pem(folder / "authority.pem")
            certificate = authority.server().save(folder / "certificate")
            running.variables |= {
                "OCPPDIAG_TLS_PORT": "0",
                "OCPPDIAG_TLS_CERTIFICATES": json.dumps([str(certificate)]),
            }
        if uploads:
            receiver = await exits.enter_async_context(running.process("uploads", "ocppdiag_uploads"))
            port = receiver.ready.result()["port"]
            running.variables["OCPPDIAG_UPLOAD_URL"] = f"http://127.0.0.1:{port}"
        for _ in range(workers):
            await exits.enter_async_context(running.worker())
        for _ in range(gateways):
            await exits.enter_async_context(running.gateway())
        yield running


def percentile(seconds: Sequence[float], share: float) -> float:
    """Of values in any order; 0 of none."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else 0.0


async def until(done: Any, within: float, every: float = 0.25) -> bool:  # noqa: ANN401
    """Wait until a coroutine function says yes, for so long at most."""
    began = time.monotonic()
    while not await done():
        if time.monotonic() - began > within:
            return False
        await asyncio.sleep(every)
    return True
