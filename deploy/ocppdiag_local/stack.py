"""Gateway, worker and upload receiver as processes of this machine, each ready before the next one needs it."""

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocppdiag_local import leash
from ocppdiag_local.failures import ServicesError
from ocppdiag_local.keys import Keys
from ocppdiag_local.services import Services

READY_SECONDS = 30
LONGEST_LINE = 2**20

Hear = Callable[[str, dict[str, Any]], None]
"""Gets each log line of each process: its name, and what it said."""


class Process:
    """One of our processes on a leash: it ends when we let go, or when we die."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, hear: Hear) -> None:
        self.name = name
        self.ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._process = process
        self._hear = hear
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The pid of the process itself, not of its leash."""
        return int(self.ready.result()["pid"])

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Have it end in order."""
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()
        await self._reading

    @staticmethod
    async def _line(stdout: asyncio.StreamReader) -> bytes:
        try:
            return await stdout.readline()
        except ValueError:  # longer than anybody wants to read; the rest of it goes by
            return b"a line too long to read\n"

    async def _read(self) -> None:
        if self._process.stdout is None:
            return
        last: deque[str] = deque(maxlen=3)
        while line := await self._line(self._process.stdout):
            last.append(line.decode(errors="replace").strip())
            said = _parse(line)
            self._hear(self.name, said)
            if said.get("event") == "ready" and not self.ready.done():
                self.ready.set_result(said)
        if not self.ready.done():
            self.ready.set_exception(
                ServicesError(f"the {self.name} ended before it was ready: {' / '.join(last)}")
            )


@dataclass(frozen=True, slots=True)
class Stack:
    """All running processes, and where they listen."""

    gateway_url: str
    upload_url: str
    processes: tuple[Process, ...]

    async def first_end(self) -> Process:
        """Wait until one of them ends by itself."""
        ends = {asyncio.ensure_future(process.wait()): process for process in self.processes}
        done, rest = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for waiting in rest:
            waiting.cancel()
        return ends[done.pop()]


@asynccontextmanager
async def start(name: str, module: str, variables: Mapping[str, str], hear: Hear) -> AsyncIterator[Process]:
    """Run `python -m module` until this block ends."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OCPPDIAG_")}
    process = await asyncio.create_subprocess_exec(
        *leash.on_leash([sys.executable, "-m", module]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environment, **variables},
        start_new_session=True,  # the terminal's Ctrl-C is for us, who then stop things in order
        limit=LONGEST_LINE,
    )
    running = Process(name, process, hear)
    try:
        await asyncio.wait_for(asyncio.shield(running.ready), READY_SECONDS)
        yield running
    finally:
        await running.stop()


def variables(services: Services, keys: Keys, logs: Path) -> dict[str, str]:
    """Return what all processes of an installation are told alike."""
    return {
        "OCPPDIAG_AMQP_URL": services.amqp_url,
        "OCPPDIAG_REDIS_URL": services.redis_url,
        "OCPPDIAG_CREDENTIAL_KEY": keys.credential_key,
        "OCPPDIAG_UPLOAD_KEY": keys.upload_key,
        "OCPPDIAG_UPLOAD_FOLDER": str(logs),
    }


@asynccontextmanager
async def stack(
    services: Services,
    keys: Keys,
    *,
    logs: Path,
    hear: Hear,
    gateway_port: int = 0,
    upload_port: int = 0,
    insecure_no_auth: bool = False,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Stack]:
    """Run one of each; `settings` are further variables for all of them (OCPPDIAG_...)."""
    shared = {
        **variables(services, keys, logs),
        "OCPPDIAG_UPLOAD_PORT": str(upload_port),
        "OCPPDIAG_PORT": str(gateway_port),
        "OCPPDIAG_DRAIN_SECONDS": "3",  # who pressed Ctrl-C is waiting
        "OCPPDIAG_INSECURE_NO_AUTH": str(insecure_no_auth),
        **(settings or {}),
    }
    async with AsyncExitStack() as exits:
        uploads = await exits.enter_async_context(start("uploads", "ocppdiag_uploads", shared, hear))
        upload_url = f"http://127.0.0.1:{uploads.ready.result()['port']}"
        working = {**shared, "OCPPDIAG_UPLOAD_URL": upload_url}
        worker = await exits.enter_async_context(start("worker", "ocppdiag_workers", working, hear))
        # Last to come and first to go: a station meets nothing half ready.
        gateway = await exits.enter_async_context(start("gateway", "ocppdiag_gateway", shared, hear))
        gateway_url = f"ws://127.0.0.1:{gateway.ready.result()['port']}"
        yield Stack(gateway_url, upload_url, (uploads, worker, gateway))


def _parse(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    return (
        said
        if isinstance(said, dict)
        else {"event": line.decode(errors="replace").rstrip(), "level": "error"}
    )
