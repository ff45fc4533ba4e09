"""The containers of deploy/compose*.yaml under test, seen from outside: published ports, and `docker compose`."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_docker.plugin import DockerComposeExecutor, get_docker_services

from ocppdiag_local import ports as local_ports

DEPLOY = Path(__file__).parents[1] / "deploy"
ONE_OF_EACH = ("compose.yaml",)
CLUSTER = ("compose.yaml", "compose.cluster.yaml")
COMPOSE = "docker compose"
START_SECONDS = 300


class Composed:
    """Containers that run."""

    def __init__(self, files: list[str], project: str, ports: dict[str, int]) -> None:
        self._compose = [
            "docker",
            "compose",
            *(f"--file={file}" for file in files),
            f"--project-name={project}",
        ]
        self.is_cluster = len(files) == len(CLUSTER)
        self.gateway_url = f"ws://127.0.0.1:{ports['OCPPDIAG_PORT']}"
        self.prometheus_url = f"http://127.0.0.1:{ports['OCPPDIAG_PROMETHEUS_PORT']}"
        self.amqp_url = self.command_line("/secrets/outside/support/OCPPDIAG_AMQP_URL", entrypoint="cat")

    def run(self, *words: str) -> str:
        """Have Docker Compose do something; its output."""
        return _output(*self._compose, *words)

    def command_line(self, *words: str, entrypoint: str = "ocppdiag") -> str:
        """Run the command line in a container of its own."""
        return self.run("run", "--rm", "--no-TTY", f"--entrypoint={entrypoint}", "ocppdiag", *words)

    def container(self, service: str) -> str:
        """The id of a service's container, or of one of them."""
        return self.run("ps", "--all", "--quiet", service).splitlines()[0]

    def kill(self, container: str) -> None:
        """SIGKILL; it stays away until `start`."""
        _output("docker", "kill", container)

    def stop(self, container: str) -> int:
        """SIGTERM, and its exit code: 137 if it had to be killed."""
        _output("docker", "stop", container)
        return int(_output("docker", "inspect", "--format={{.State.ExitCode}}", container))

    def said(self, container: str) -> list[str]:
        """What it has written, line by line."""
        return _output("docker", "logs", container).splitlines()

    def start(self, container: str) -> None:
        _output("docker", "start", container)

    @property
    def primary(self) -> str:
        """Which Redis the Sentinels take for the primary."""
        ask = ("redis-cli", "-p", "26379", "sentinel", "get-master-addr-by-name", "ocppdiag")
        return self.run("exec", "--no-TTY", "sentinel-1", *ask).split()[0]

    def healthy(self, service: str) -> bool:
        """Whether all containers of this service say that they are well."""
        return all(
            _output("docker", "inspect", "--format={{.State.Health.Status}}", container) == "healthy"
            for container in self.run("ps", "--all", "--quiet", service).splitlines()
        )


def lacking() -> str | None:
    """What is missing here, in a sentence; None: Docker answers, and has Compose."""
    try:
        _output("docker", "version")
        _output("docker", "compose", "version")
    except (OSError, subprocess.SubprocessError):
        return "Docker with Compose does not answer on this machine."
    return None


@contextmanager
def composed(files: tuple[str, ...]) -> Iterator[Composed]:
    """Build and start everything, with ports of its own; afterwards nothing of it is left but the images."""
    names = ("OCPPDIAG_PORT", "OCPPDIAG_UPLOAD_PORT", "OCPPDIAG_AMQP_PORT", "OCPPDIAG_PROMETHEUS_PORT")
    ports = dict(zip(names, local_ports.free(len(names)), strict=True))
    project, paths = f"ocppdiag-test-{uuid4().hex[:8]}", [str(DEPLOY / file) for file in files]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OCPPDIAG_")]:
            patch.delenv(name)
        for name, port in ports.items():
            patch.setenv(name, str(port))
        cleanup = ["--profile cli down --volumes --timeout 5"]
        with get_docker_services(COMPOSE, paths, project, [], cleanup):
            compose = DockerComposeExecutor(COMPOSE, paths, project)
            compose.execute("--profile cli build --quiet")
            compose.execute(f"up --detach --wait --wait-timeout {START_SECONDS}")
            yield Composed(paths, project, ports)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)  # noqa: S603 (our own)
    return done.stdout.strip()
