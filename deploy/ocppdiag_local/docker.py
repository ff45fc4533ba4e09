"""RabbitMQ and Redis in containers, from services.yaml through Docker Compose."""

import hashlib
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ocppdiag_local import answer
from ocppdiag_local.failures import NoAnswerError, ServicesMissing
from ocppdiag_local.leash import release
from ocppdiag_local.servers import Server

COMPOSE_FILE = Path(__file__).with_name("services.yaml")
COMPOSE = ("docker", "compose", "--file", str(COMPOSE_FILE))

# One shell, so that `down` comes after `up` whatever happens to us in between: its standard input is a pipe
# that we hold, and the kernel closes it however we end. Then nobody reads `up` either: hence the trap.
UP_AND_DOWN = """
trap '' PIPE
"$@" up --detach --wait --wait-timeout 60 $WANTED >&2 && echo up || echo failed
cat
exec "$@" down $AFTERWARDS >&2
"""


def ready(wanted: Sequence[Server], say: Callable[[str], None], *, must: bool = False) -> bool:
    """Tell whether the engine answers, Compose is there, and the images are here or can be pulled."""
    running = _output(["docker", "version"]) and _output(["docker", "compose", "version"])
    if running and _images([server.service for server in wanted], say):
        return True
    lack = "cannot pull the images" if running else "does not answer, or has no Compose"
    if must:
        raise ServicesMissing(
            f"Docker {lack}: start the engine, install the Compose plugin, or check the registry."
        )
    if running:
        say(f"Docker {lack}; going on without it")
    return False


def _images(wanted: Sequence[str], say: Callable[[str], None]) -> bool:
    names = (_output([*COMPOSE, "config", "--images", *wanted]) or "").split()
    if names and _output(["docker", "image", "inspect", *names]):
        return True
    say(f"pulling the images of {' and '.join(wanted)}")
    return _output([*COMPOSE, "pull", "--quiet", *wanted], within=900) is not None


@contextmanager
def containers(
    wanted: Sequence[Server], log: Path, *, data: Path | None, hold: Sequence[int]
) -> Iterator[dict[Server, str]]:
    """Run the wanted containers; yields their URLs once they answer.

    What they store goes with them, unless there is a data folder: then it stays in volumes named after it.
    """
    compose = [*COMPOSE, "--project-name", project(data)]
    services = " ".join(server.service for server in wanted)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", UP_AND_DOWN, "sh", *compose],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={**os.environ, "WANTED": services, "AFTERWARDS": "" if data else "--volumes"},
            pass_fds=hold,
            start_new_session=True,  # the terminal's Ctrl-C is for us first
        )
    try:
        if process.stdout is None or process.stdout.readline() != b"up\n":
            logs = _output([*compose, "logs", "--no-color", "--tail", "20"])
            raise NoAnswerError(f"Docker could not start {services}.{answer.tail(log)}\n{logs or ''}")
        urls = {server: server.url.format(_address(compose, server)) for server in wanted}
        for server, url in urls.items():
            answer.wait(server.ask, url, within=60, log=log)
        yield urls
    finally:
        release(process, within=120)  # `up` may still have to end before `down` begins
        if process.stdout:
            process.stdout.close()


def project(data: Path | None) -> str:
    """Name the containers and volumes after the data folder, or after nothing that comes again."""
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12] if data else secrets.token_hex(6)
    return f"ocppdiag-{digest}"


def _address(compose: Sequence[str], server: Server) -> str | None:
    return _output([*compose, "port", server.service, str(server.port)])


def _output(command: Sequence[str], *, within: float = 10) -> str | None:
    """Run a command and return what it says, or nothing if it fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=within)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or "yes"
