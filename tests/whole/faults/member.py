"""One of the product's processes in a world: killed, frozen, stopped; it is started again as a supervisor would."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocppdiag_local import ports
from ocppdiag_local.failures import ServicesError
from ocppdiag_local.keys import Keys
from ocppdiag_local.stack import Process, start

HERE = str(Path(__file__).parent)
PAUSE_SECONDS = 0.3
START_SECONDS = 90.0
STOP_SECONDS = 40.0
CALL_TIMEOUT = 5

Hear = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended without having been told to."""

    member: str
    at: float
    code: int
    last: str


class Member:
    """A process under supervision: whenever it ends, it is started again, until the world ends."""

    def __init__(
        self, name: str, module: str, variables: Mapping[str, str], hear: Hear, url: str = ""
    ) -> None:
        self.name = name
        self.module = module
        self.url = url
        self.under: str | None = None
        """A module that patches the product before it runs it; the next process is started so."""
        self.more: Mapping[str, str] = {}
        """Further variables for the next process."""
        self.doomed = False
        """Whether it is meant to end by itself: else that is a finding."""
        self.deaths: list[Death] = []
        self.ends = 0
        """How often it has ended, whether told to or not."""
        self._variables = variables
        self._hear = hear
        self._process: Process | None = None
        self._frozen = False
        self._awaited = True  # a death is no finding now
        self._up = asyncio.Event()
        self._life: asyncio.Task[None]

    async def start(self) -> None:
        self._life = asyncio.create_task(self._supervise())
        await self.up()

    async def up(self, within: float = START_SECONDS) -> None:
        """Wait until a process of it is ready."""
        async with asyncio.timeout(within):
            waiting = asyncio.create_task(self._up.wait())
            await asyncio.wait((waiting, self._life), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                waiting.cancel()
                await self._life

    @property
    def pid(self) -> int:
        if self._process is None or not self._up.is_set():
            raise ServicesError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._up.is_set()

    async def kill(self) -> None:
        """Return when it has ended; its successor may be starting."""
        await self._end(signal.SIGKILL)

    async def term(self) -> float:
        """Tell it to stop; returns the seconds that it took. Raises TimeoutError."""
        began = time.monotonic()
        await self._end(signal.SIGTERM)
        return time.monotonic() - began

    async def _end(self, number: signal.Signals) -> None:
        process, self._awaited = self._process, True
        if process is None:
            return
        self._frozen = False
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
        self._up.clear()  # so that `up` means its successor

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        self._frozen = False
        os.kill(self.pid, signal.SIGCONT)

    async def stop(self) -> None:
        """End it for good."""
        self._awaited = True
        if self._frozen:
            self.thaw()
        self._life.cancel()
        await asyncio.wait((self._life,))

    def rss(self) -> int:
        """Bytes of memory that its process has now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def _supervise(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                await self._one_life()
                deadline = time.monotonic() + START_SECONDS
            except (ServicesError, TimeoutError):  # such as a broker that is away
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def _one_life(self) -> None:
        module, variables = self.module, {**self._variables, **self.more}
        if self.under:
            path = os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])])
            variables |= {"PYTHONPATH": path, "FAULTS_MODULE": module}
            module = self.under
        last = ""

        def hear(name: str, said: dict[str, Any]) -> None:
            nonlocal last
            last = str(said)[:500]
            self._hear(name, said)

        async with start(self.name, module, variables, hear) as process:
            self._process, self._awaited = process, self.doomed
            self._up.set()
            try:
                code = await process.wait()
            finally:
                self._up.clear()
                self._process = None
            self.ends += 1
            if not self._awaited:
                self.deaths.append(Death(self.name, time.monotonic(), code, last))


def crew(
    variables: Mapping[str, str], hear: Hear, gateways: int, workers: int
) -> tuple[Member, tuple[Member, ...], tuple[Member, ...]]:
    """Return the upload receiver, the workers and the gateways of one installation; none of them is started."""
    keys = Keys.new()
    upload_port, *gateway_ports = ports.free(1 + gateways)
    upload_url = f"http://127.0.0.1:{upload_port}"
    shared = {
        "OCPPDIAG_CREDENTIAL_KEY": keys.credential_key,
        "OCPPDIAG_UPLOAD_KEY": keys.upload_key,
        "OCPPDIAG_UPLOAD_PORT": str(upload_port),
        "OCPPDIAG_UPLOAD_URL": upload_url,
        "OCPPDIAG_CALL_TIMEOUT": str(CALL_TIMEOUT),
        "OCPPDIAG_INSECURE_NO_AUTH": "true",  # an emptied Redis knows no passwords
        **variables,
    }
    return (
        Member("uploads", "ocppdiag_uploads", shared, hear, upload_url),
        tuple(Member(f"worker-{number}", "ocppdiag_workers", shared, hear) for number in range(workers)),
        tuple(
            Member(
                f"gateway-{number}",
                "ocppdiag_gateway",
                {**shared, "OCPPDIAG_NODE": f"gateway-{number}", "OCPPDIAG_PORT": str(port)},
                hear,
                f"ws://127.0.0.1:{port}",
            )
            for number, port in enumerate(gateway_ports)
        ),
    )
