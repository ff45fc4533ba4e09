"""Find RabbitMQ and Redis, or start them: an address given, else Docker, else private processes of this machine."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ocppdiag_local import answer, docker, processes
from ocppdiag_local.folder import folder, lock
from ocppdiag_local.servers import BOTH, RABBITMQ, REDIS, Server

PATIENCE = 5.0  # seconds for an address that was given to answer


@dataclass(frozen=True, slots=True)
class Services:
    """Where RabbitMQ and Redis are, and in words where they come from."""

    amqp_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    origin: str


@contextmanager
def services(
    *,
    amqp_url: str | None = None,
    redis_url: str | None = None,
    data: Path | None = None,
    prefer: Literal["docker", "processes"] | None = None,
    say: Callable[[str], None],
) -> Iterator[Services]:
    """Have both servers answering inside this block; what was started ends with it, what it stored stays in `data`."""
    urls = _given({RABBITMQ: amqp_url, REDIS: redis_url})
    origins = [origin("the addresses given", urls)] if urls else []
    wanted = [server for server in BOTH if server not in urls]
    with ExitStack() as stack:
        if wanted:
            titles = " and ".join(server.title for server in wanted)
            place = stack.enter_context(folder(data))
            hold = [stack.enter_context(lock(place))]
            if prefer != "processes" and docker.ready(wanted, say, must=prefer == "docker"):
                say(f"starting {titles} with Docker")
                way = "Docker containers"
                started = docker.containers(wanted, place / "docker.log", data=data, hold=hold)
            else:
                processes.provide(wanted, say)
                say(f"starting {titles} as private processes")
                way = "private processes of this machine"
                started = processes.processes(wanted, place, durable=data is not None, hold=hold)
            new = stack.enter_context(started)
            origins.append(origin(way, new))
            urls |= new
        yield Services(urls[RABBITMQ], urls[REDIS], " and ".join(origins))


def origin(way: str, urls: Mapping[Server, str]) -> str:
    """Name a way and the versions found there."""
    found = {
        server: answer.wait(server.ask, urls[server], within=PATIENCE) for server in BOTH if server in urls
    }
    return f"{way} ({', '.join(f'{server.title} {version}' for server, version in found.items())})"


def _given(arguments: Mapping[Server, str | None]) -> dict[Server, str]:
    """Take the addresses from the arguments, else from the environment."""
    addresses = {server: url or os.environ.get(server.variable) for server, url in arguments.items()}
    return {server: url for server, url in addresses.items() if url}
