"""What there is to know of the two servers, as data."""

from collections.abc import Callable
from dataclasses import dataclass

from ocppdiag_local import answer


@dataclass(frozen=True, slots=True)
class Server:
    """One server: how people call it, where it may be given, how to get it, and how to ask it."""

    title: str
    variable: str  # of the environment, with an address
    service: str  # in services.yaml
    port: int  # inside its container
    url: str  # of one that we start, with a gap for host:port
    package: str  # of Debian
    programs: tuple[str, ...]
    ask: Callable[[str], str]


RABBITMQ = Server(
    title="RabbitMQ",
    variable="OCPPDIAG_AMQP_URL",
    service="rabbitmq",
    port=5672,
    url="amqp://guest:guest@{}/",
    package="rabbitmq-server",
    programs=("rabbitmq-server", "epmd"),
    ask=answer.rabbitmq,
)
REDIS = Server(
    title="Redis",
    variable="OCPPDIAG_REDIS_URL",
    service="redis",
    port=6379,
    url="redis://{}/0",
    package="redis-server",
    programs=("redis-server",),
    ask=answer.redis,
)
BOTH = (RABBITMQ, REDIS)
