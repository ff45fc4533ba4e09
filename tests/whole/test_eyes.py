"""The port at which a process is looked at, and the health check that asks there: a loop that hangs answers nothing."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from looking import look
from structlog.testing import capture_logs

from ocppdiag_metrics import Gauge
from ocppdiag_process.eyes import Eyes
from ocppdiag_process.metrics import LOOP_LAG
from ocppdiag_process.settings import ProcessSettings


def looked(port: int | None = 0) -> ProcessSettings:
    return ProcessSettings.model_validate({"amqp_url": "amqp://nobody/", "metrics_port": port})


@dataclass(frozen=True)
class Watched:
    """Eyes that are open."""

    eyes: Eyes
    port: int


@pytest_asyncio.fixture(loop_scope="session")
async def watched() -> AsyncIterator[Watched]:
    eyes = Eyes(looked(), ())
    with capture_logs() as said:
        async with eyes:
            yield Watched(eyes, said[0]["metrics_port"])


def asked(port: int, path: str) -> tuple[int, str]:
    """What the health check of an image says."""
    probe = subprocess.run(  # noqa: S603 (our own)
        [sys.executable, "-m", "ocppdiag_process.probe", path],
        env={"OCPPDIAG_METRICS_PORT": str(port), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert probe.stdout == ""
    return probe.returncode, probe.stderr.strip()


async def test_ready_says_in_a_sentence_what_is_missing(watched: Watched) -> None:
    assert await look(watched.port, "/ready") == (503, "It is starting.\n")
    watched.eyes.missing = lambda: "Redis cannot be used."
    assert await look(watched.port, "/ready") == (503, "Redis cannot be used.\n")
    watched.eyes.missing = lambda: None
    assert await look(watched.port, "/ready?verbose") == (200, "It is ready.\n")
    assert (await look(watched.port, "/live"))[0] == 200
    assert (await look(watched.port, "/"))[0] == 404


async def test_a_loop_that_hangs_answers_nobody_and_its_lag_is_seen_afterwards(watched: Watched) -> None:
    def late() -> int:
        ((_, row),) = LOOP_LAG.cells()
        return sum(row.counts[LOOP_LAG.bounds.index(1.0) :])

    before = late()
    asking = asyncio.create_task(asyncio.to_thread(asked, watched.port, "/live"))
    await asyncio.sleep(0.01)
    time.sleep(6)  # noqa: ASYNC251 (a loop that hangs is the point)
    code, said = await asking
    assert code == 1
    assert "TimeoutError" in said
    await asyncio.sleep(0.5)
    assert late() == before + 1
    assert (await asyncio.to_thread(asked, watched.port, "/live")) == (0, "")


async def test_the_health_check_says_why_in_one_line(watched: Watched) -> None:
    assert await asyncio.to_thread(asked, watched.port, "/ready") == (1, "/ready says 503: It is starting.")
    watched.eyes.missing = lambda: None
    assert await asyncio.to_thread(asked, watched.port, "/ready") == (0, "")
    assert await asyncio.to_thread(asked, 1, "/live") == (1, "no answer at port 1: ConnectionRefusedError")


def test_the_health_check_loads_nothing_but_the_standard_library() -> None:
    code = "import ocppdiag_process.probe, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run(  # noqa: S603 (our own)
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    roots = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not roots & {"asyncio", "structlog", "uvloop", "pydantic", "aio_pika", "websockets"}


async def test_a_metric_that_cannot_be_read_is_an_error_with_its_reason_in_the_log() -> None:
    def wrong() -> dict[tuple[str, ...], float]:
        raise ZeroDivisionError

    gauge = Gauge("g", "G.")
    gauge.set_function(wrong)
    with capture_logs() as said:
        async with Eyes(looked(), (gauge,)):
            assert (await look(said[0]["metrics_port"], "/metrics"))[0] == 500
    assert said[-1]["event"] == "metrics_failed"


async def test_without_a_port_nobody_listens() -> None:
    with capture_logs() as said:
        async with Eyes(looked(None), ()):
            pass
    assert said == []


async def test_a_websocket_is_not_what_is_offered(watched: Watched) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"http://127.0.0.1:{watched.port}/live")
