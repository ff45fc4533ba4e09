"""What each kind of address is connected to: a line to a server or to the primary, or the lines of a cluster."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from ocppdiag_redis.address import Address, Kind, Node
from ocppdiag_redis.cluster import Cluster
from ocppdiag_redis.line import ANSWER_SECONDS, Line

SENTINEL_SECONDS = 1.0
"""After this the next Sentinel is asked."""


def way(address: Address) -> Line | Cluster:
    """Make what an address says; it connects when something is asked."""
    match address.kind:
        case Kind.SERVER:
            return _line(address, address.nodes[0])
        case Kind.SENTINEL:
            return _primary(address)
        case Kind.CLUSTER:
            return Cluster(address.nodes, partial(_line, address))


def _line(address: Address, node: Node) -> Line:
    connection = SSLConnection if address.tls else Connection
    pool = ConnectionPool(connection, host=node.host, port=node.port, **_patient(address.options))
    return Line(Redis.from_pool(pool))


def _primary(address: Address) -> Line:
    own: dict[str, Any] = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    # With redis-py's ten retries the next one would be asked after seconds.
    own |= {"retry": Retry(NoBackoff(), 0), "ssl": address.tls, **address.sentinel_options}
    sentinel = Sentinel(address.nodes, sentinel_kwargs=own)  # type: ignore[no-untyped-call]
    more = {"ssl": address.tls, **_patient(address.options)}
    pool = _OfSentinel(address.service, sentinel, **more)  # type: ignore[no-untyped-call]
    return Line(Redis.from_pool(pool))


def _patient(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS, **options}


class _OfSentinel(SentinelConnectionPool):
    """A pool that also closes the ways to its Sentinels, and says in a sentence that they know no primary."""

    async def get_master_address(self) -> tuple[str, int]:
        try:
            host, port = await super().get_master_address()  # type: ignore[no-untyped-call]
        except MasterNotFoundError:  # it tells all settings of all Sentinels
            raise RedisConnectionError("no Sentinel knows a primary that is up") from None
        return host, port

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()
