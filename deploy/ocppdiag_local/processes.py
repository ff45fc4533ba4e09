"""RabbitMQ and Redis as private child processes of this machine, installed first where we may."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ocppdiag_local import debian, programs, rabbitmq, redis
from ocppdiag_local.failures import ServicesMissing
from ocppdiag_local.servers import RABBITMQ, REDIS, Server


@contextmanager
def processes(
    wanted: Sequence[Server], folder: Path, *, durable: bool, hold: Sequence[int]
) -> Iterator[dict[Server, str]]:
    """Run the wanted servers; yields their URLs once they answer."""
    urls: dict[Server, str] = {}
    with ExitStack() as stack:
        if REDIS in wanted:
            server = redis.server(_program("redis-server"), folder / "redis", durable=durable, hold=hold)
            urls[REDIS] = stack.enter_context(server)
        if RABBITMQ in wanted:
            node = rabbitmq.node(
                _program("rabbitmq-server"), _program("epmd"), folder / "rabbitmq", hold=hold
            )
            urls[RABBITMQ] = stack.enter_context(node)
        yield urls


def provide(wanted: Sequence[Server], say: Callable[[str], None]) -> None:
    """See that the programs are here, or say in one sentence what to do."""
    missing = _missing(wanted)
    if missing and debian.can_install():
        with debian.alone():
            if missing := _missing(wanted):
                packages = [server.package for server in missing]
                say(f"installing {' and '.join(packages)} from Debian's packages")
                debian.install(packages)
        missing = _missing(wanted)
    if missing:
        raise ServicesMissing(
            f"{' and '.join(server.title for server in missing)} not found: start Docker,"
            f" or install {' and '.join(server.package for server in missing)},"
            f" or set {' and '.join(server.variable for server in missing)}."
        )


def _missing(wanted: Sequence[Server]) -> list[Server]:
    return [server for server in wanted if not all(map(programs.find, server.programs))]


def _program(name: str) -> str:
    path = programs.find(name)
    if path is None:
        raise ServicesMissing(f"{name} has gone from this machine.")
    return path
