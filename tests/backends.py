"""The RabbitMQ and Redis of the tests: addresses given, else Docker through pytest-docker, else private processes."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from own_servers import provided
from redis_several import KINDS, several

from ocppdiag_local import answer, docker
from ocppdiag_local import services as local
from ocppdiag_local.failures import ServicesMissing
from ocppdiag_local.servers import BOTH, RABBITMQ, REDIS
from ocppdiag_local.services import Services
from ocppdiag_redis import Origin, Pipelined, keys


class Compose(Protocol):
    """What we use of pytest-docker's fixture."""

    def port_for(self, service: str, container_port: int) -> int: ...


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module with `EVERY_REDIS` on each kind of Redis that there is."""
    if "services" in metafunc.fixturenames and getattr(metafunc.module, "EVERY_REDIS", False):
        metafunc.parametrize("services", ("server", *KINDS), indirect=True)


@pytest.fixture(scope="session")
def services(
    request: pytest.FixtureRequest, servers: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """One RabbitMQ and one Redis for the whole run; tests keep apart by the names they use."""
    kind = getattr(request, "param", "server")
    if kind == "server":
        yield servers
        return
    provided(REDIS)
    with several(kind, tmp_path_factory.mktemp(kind)) as redis:
        _settle(redis.url)
        yield replace(servers, redis_url=redis.url)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Services]:
    """A RabbitMQ and a Redis."""
    say = aloud(request.config, "services")
    with ExitStack() as stack:
        found = _found(request, stack, say)
        if isinstance(found, ServicesMissing):
            if os.environ.get("CI"):
                pytest.fail(str(found), pytrace=False)
            say(f"SKIPPING every test that needs services. {found}")
            pytest.skip(str(found))
        say(found.origin)
        _settle(found.redis_url)
        yield found


def _settle(redis_url: str) -> None:
    """Have it be long since this Redis was empty: that a station is not in it means that it is not connected."""

    async def settle() -> None:
        async with aclosing(Pipelined.from_url(redis_url)) as redis:
            await redis.run("HSET", keys.ORIGIN, "store", await Origin(redis).store(), "since", 0)

    with ThreadPoolExecutor(1) as thread:  # whose event loop is nobody else's
        thread.submit(asyncio.run, settle()).result()


def _found(
    request: pytest.FixtureRequest, stack: ExitStack, say: Callable[[str], None]
) -> Services | ServicesMissing:
    try:
        return _services(request, stack, say)
    except ServicesMissing as missing:
        return missing


def _services(request: pytest.FixtureRequest, stack: ExitStack, say: Callable[[str], None]) -> Services:
    forced = os.environ.get("OCPPDIAG_TEST_SERVICES")
    given = [server for server in BOTH if os.environ.get(server.variable)]
    if given and not forced:
        return stack.enter_context(local.services(say=say))
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    for server in given:
        patch.delenv(server.variable)
    if forced != "processes" and docker.ready(BOTH, say, must=forced == "docker"):
        say("starting RabbitMQ and Redis with Docker")
        # Only now: where no engine runs, its fixtures must not even be set up.
        return _containers(request.getfixturevalue("docker_services"))
    return stack.enter_context(local.services(prefer="processes", say=say))


def _containers(compose: Compose) -> Services:
    urls = {
        server: server.url.format(f"127.0.0.1:{compose.port_for(server.service, server.port)}")
        for server in BOTH
    }
    for server, url in urls.items():
        answer.wait(server.ask, url, within=60)
    return Services(urls[RABBITMQ], urls[REDIS], local.origin("Docker containers, by pytest-docker", urls))


@pytest.fixture(scope="session")
def docker_compose_file() -> Path:
    return docker.COMPOSE_FILE


@pytest.fixture(scope="session")
def docker_setup() -> str:
    return "up --wait"  # the default would also build


def aloud(config: pytest.Config, subject: str) -> Callable[[str], None]:
    """Write past pytest's capture, with -q too, and from each of its processes."""
    capture = config.pluginmanager.getplugin("capturemanager")
    terminal = config.pluginmanager.getplugin("terminalreporter")

    def say(sentence: str) -> None:
        with capture.global_and_fixture_disabled():
            if terminal is None:  # one of several processes has none
                sys.stderr.write(f"{subject}: {sentence}\n")
                return
            terminal.ensure_newline()
            terminal.write_line(f"{subject}: {sentence}")

    return say
