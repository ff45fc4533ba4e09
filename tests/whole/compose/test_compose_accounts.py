"""Accounts of RabbitMQ follow the file of rights: who is taken out of it goes at once, and nobody who was never in it."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiormq
import pytest
from aiormq.exceptions import ConnectionClosed, ProbableAuthenticationError
from backends import aloud
from composed import DEPLOY, lacking

from ocppdiag_local import ports

GRANT = '[[{}]]\ncommands = ["get_log"]\nstations = ["*"]\n'
OVERRIDE = """
services:
  secrets: {{ volumes: ["{rights}:/etc/ocppdiag/rights.toml:ro"] }}
  rabbitmq: {{ ports: ["127.0.0.1:{port}:5672"] }}
"""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The containers that make them, and no others."""

    compose: tuple[str, ...]
    rights: Path

    def up(self, *services: str) -> None:
        """Start again what has ended, with these in the file."""
        self.rights.write_text("".join(map(GRANT.format, services)))
        self.run("up", "--detach", "topology")
        _output("docker", "wait", self.run("ps", "--all", "--quiet", "topology"))

    def url(self, user: str) -> str:
        """As it is told to who is outside."""
        where = f"/secrets/outside/{user}/OCPPDIAG_AMQP_URL"
        return self.run("run", "--rm", "--no-TTY", "--no-deps", "--entrypoint=cat", "secrets", where)

    def ask(self, *words: str) -> str:
        return self.run("exec", "--no-TTY", "rabbitmq", "rabbitmqctl", "--silent", *words)

    def names(self) -> set[str]:
        return {line.split("\t")[0] for line in self.ask("list_users").splitlines()}

    def run(self, *words: str) -> str:
        return _output(*self.compose, *words)


@pytest.fixture(scope="module")
def accounts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    say = aloud(request.config, "compose")
    if missing := lacking():
        say(f"SKIPPING every test of the containers, in CI too. {missing}")
        pytest.skip(missing)
    (port,) = ports.free(1)
    folder = tmp_path_factory.mktemp("accounts")
    rights, override = folder / "rights.toml", folder / "override.yaml"
    override.write_text(OVERRIDE.format(rights=rights, port=port))
    files = f"--file={DEPLOY / 'compose.yaml'}", f"--file={override}"
    compose = ("docker", "compose", *files, f"--project-name=ocppdiag-test-{uuid4().hex[:8]}")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OCPPDIAG_")]:
            patch.delenv(name)
        patch.setenv("OCPPDIAG_AMQP_PORT", str(port))
        made = Accounts(compose, rights)
        made.run("build", "--quiet", "secrets")
        try:
            yield made
        finally:
            made.run("down", "--volumes", "--timeout", "5")


async def test_who_is_taken_out_goes_at_once_and_comes_back_with_a_new_password(accounts: Accounts) -> None:
    accounts.up("support", "bill")
    ours = accounts.names()
    old, stays = accounts.url("bill"), accounts.url("support")
    accounts.ask("add_user", "somebody", "of-their-own")
    accounts.ask("set_user_tags", "somebody", "monitoring")
    of_bill, of_support = await aiormq.connect(old), await aiormq.connect(stays)
    await asyncio.to_thread(accounts.up, "support")
    assert accounts.names() == ours - {"bill"} | {"somebody"}
    with pytest.raises(ConnectionClosed, match="user 'bill' is deleted"):
        await asyncio.wait_for(of_bill.closing, 10)
    await of_support.channel()
    await of_support.close()
    with pytest.raises(ProbableAuthenticationError):
        await aiormq.connect(old)
    accounts.up("support", "bill")
    assert accounts.names() == ours | {"somebody"}
    with pytest.raises(ProbableAuthenticationError):
        await aiormq.connect(old)
    for url in (accounts.url("bill"), stays):
        await (await aiormq.connect(url)).close()


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=300)  # noqa: S603 (our own)
    return done.stdout.strip()
