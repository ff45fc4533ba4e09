"""A terminal of a support engineer: the real `ocppdiag` in processes of its own, in an environment of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ocppdiag_local import ports
from ocppdiag_local.services import Services

OCPPDIAG = [sys.executable, "-m", "ocppdiag_local"]
Environment = dict[str, str]


def environment(data: Path) -> Environment:
    """Nothing of this run's OCPPDIAG_ variables."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith("OCPPDIAG_")}
    return {**rest, "OCPPDIAG_DATA": str(data), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def home(services: Services, tmp_path: Path) -> Environment:
    """An environment of its own, with the services of this run."""
    del services
    return environment(tmp_path / "data")


def given(services: Services, home: Environment) -> Environment:
    return {**home, "OCPPDIAG_AMQP_URL": services.amqp_url, "OCPPDIAG_REDIS_URL": services.redis_url}


def serve_arguments() -> list[str]:
    port, upload_port = (str(port) for port in ports.free(2))
    return ["serve", "--port", port, "--upload-port", upload_port]


@contextmanager
def running(
    arguments: list[str], home: Environment, until: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until it has said something; Ctrl-C at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            [*OCPPDIAG, *arguments], env=home, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_for(until, log, process)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while text not in log.read_text(errors="replace"):
        assert process.poll() is None or text in log.read_text(errors="replace"), log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def ocppdiag(home: Environment, *arguments: str, code: int = 0) -> str:
    """Run a command to its end; returns what it printed, with its complaints when it has to fail."""
    stdout, stderr = both(home, *arguments, code=code)
    return stdout if code == 0 else stdout + stderr


def both(home: Environment, *arguments: str, code: int = 0, given: str | None = None) -> tuple[str, str]:
    """Run a command to its end; returns its two outputs."""
    done = subprocess.run(  # noqa: S603 (our own command)
        [*OCPPDIAG, *arguments],
        env=home,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


@dataclass
class Served:
    """A terminal on a machine where `ocppdiag serve` runs."""

    home: Environment
    folder: Path
    exits: ExitStack

    def station(self, name: str, scenario: str = "good") -> str:
        """A simulated station, until the end of the tests of this file."""
        arguments = ["station", "simulate", name, "--scenario", scenario]
        log = self.folder / f"{name}.log"
        self.exits.enter_context(running(arguments, self.home, "station_booted", log))
        return name

    @contextmanager
    def open(self, *arguments: str, until: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """A command that goes on; its output is in the file."""
        log = self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with running(list(arguments), self.home, until, log) as process:
            yield process, log


@contextmanager
def serving(services: Services, folder: Path, *more: str) -> Iterator[Served]:
    """Serve with a RabbitMQ and a Redis of its own: workers of one broker take each other's commands."""
    del services  # the run has some, so this machine can have others
    home = environment(folder / "data")
    log = folder / "serve.log"
    with (
        running([*serve_arguments(), *more], home, "stations connect to", log),
        ExitStack() as exits,
    ):
        yield Served(home, folder, exits)
