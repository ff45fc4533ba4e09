"""How long a process of ours takes from its start to `ready`, with RabbitMQ and Redis there, and how much of it is imports.

Nothing is cold: each has run once before, so what Python compiles is compiled, and the files are in memory.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from statistics import median
from typing import Annotated

import typer
import uvloop
from ground import fleet
from sheet import Sheet, show

MODULES = {"gateway": "ocppdiag_gateway", "worker": "ocppdiag_workers", "uploads": "ocppdiag_uploads"}
TARGET_SECONDS = 1.0
MOST_SECONDS = 30.0
IMPORT = "import time; began = time.perf_counter(); import {}.__main__; print(time.perf_counter() - began)"


async def measured(repeat: int) -> Sheet:
    """Start each so many times, in turns."""
    ready: dict[str, list[float]] = {name: [] for name in MODULES}
    imports: dict[str, list[float]] = {name: [] for name in MODULES}
    bare: list[float] = []
    async with fleet(gateways=0, workers=0) as running:
        for number in range(repeat + 1):
            bare.append(await _python("pass"))
            for name, module in MODULES.items():
                ready[name].append(await _ready(module, running.variables))
                imports[name].append(float(await _said(IMPORT.format(module))))
            if number == 0:
                for seconds in (bare, *ready.values(), *imports.values()):
                    seconds.clear()
    sheet = Sheet(f"From exec to ready, {repeat} times each, in turns", running.services.origin)
    for name in MODULES:
        sheet.add(
            f"{name} ready",
            _range(ready[name]),
            f"≤ {TARGET_SECONDS:g} s",
            missed=median(ready[name]) > TARGET_SECONDS,
        )
        sheet.add(f"{name}: its imports alone", _range(imports[name]))
    sheet.add("Python that does nothing", _range(bare))
    return sheet


async def _ready(module: str, variables: Mapping[str, str]) -> float:
    """Seconds until a process says that it is ready; it is stopped in order. Raises RuntimeError when it does not."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **variables},
    )
    took = None
    try:
        async with asyncio.timeout(MOST_SECONDS):
            while took is None and process.stdout and (line := await process.stdout.readline()):
                if json.loads(line).get("event") == "ready":
                    took = time.perf_counter() - began
            if process.returncode is None:
                process.terminate()
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if took is None or process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return took


async def _python(code: str) -> float:
    began = time.perf_counter()
    await _said(code)
    return time.perf_counter() - began


async def _said(code: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), MOST_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with {process.returncode}")
    return said.decode()


def _range(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main(*, repeat: Annotated[int, typer.Option(min=1, max=100)] = 7) -> None:
    """Measure; exit with 1 if one takes longer than it may."""
    show([uvloop.run(measured(repeat))])


if __name__ == "__main__":
    typer.run(main)
