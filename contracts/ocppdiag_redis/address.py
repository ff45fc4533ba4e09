"""How an address of Redis is read: of one server, of the Sentinels that know which it is, or of a cluster. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from redis.asyncio.connection import parse_url

PORT, SENTINEL_PORT = 6379, 26379
LAST_PORT = 65535


class Kind(Enum):
    """What answers at an address."""

    SERVER = "redis"
    SENTINEL = "redis+sentinel"
    CLUSTER = "redis+cluster"


class Node(NamedTuple):
    """Where one server listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Address:
    """What an address says; all servers have the same options, and Sentinels their own."""

    kind: Kind
    nodes: tuple[Node, ...]
    """The server, the Sentinels, or those nodes of a cluster that are asked first."""

    tls: bool = False
    service: str = ""
    """What the Sentinels call the primary and its replicas."""

    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As redis-py's connections take them."""

    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)


_SCHEMES = {kind.value.replace("redis", word): (kind, word) for kind in Kind for word in ("redis", "rediss")}

_OF_TLS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_cert_reqs", "ssl_check_hostname", "ssl_keyfile"}
    | {"ssl_min_version", "ssl_password"}
)
_OF_SENTINEL = {"sentinel_username": "username", "sentinel_password": "password"}
_OPTIONS = _OF_TLS | {
    "client_name", "db", "health_check_interval", "password", "socket_connect_timeout", "socket_keepalive",
    "socket_timeout", "username",
}  # fmt: skip


def read_address(url: str) -> Address:
    """Read an address.

    Raises:
        ConnectionError: it cannot be read; the text says why, and repeats nothing of it.

    """
    scheme, slashes, rest = url.partition("://")
    if not slashes or scheme not in _SCHEMES:
        raise _wrong(f"it begins with none of {', '.join(f'{each}://' for each in _SCHEMES)}")
    if "#" in rest:
        raise _wrong("it has a # in it")
    kind, word = _SCHEMES[scheme]
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    userinfo, _, hosts = authority.rpartition("@")
    options, sentinel_options = _options(query, kind)
    if word == "redis" and options.keys() & _OF_TLS:
        raise _wrong(
            f"it has an option of TLS, and does not begin with {scheme.replace('redis', 'rediss')}://"
        )
    service = ""
    if kind is Kind.SENTINEL:
        service, _, path = path.partition("/")
        if not service:
            raise _wrong("it does not name the service behind the Sentinels: redis+sentinel://.../<service>")
    if path := path.strip("/"):
        options["db"] = _number(path)
    if kind is Kind.CLUSTER and options.pop("db", 0):
        raise _wrong("a cluster has database 0 only")
    username, _, password = map(unquote, userinfo.partition(":"))
    options |= {name: text for name, text in (("username", username), ("password", password)) if text}
    nodes = _nodes(hosts, kind)
    if word == "rediss":
        sentinel_options |= {name: value for name, value in options.items() if name in _OF_TLS}
    return Address(kind, nodes, word == "rediss", unquote(service), options, sentinel_options)


def _nodes(hosts: str, kind: Kind) -> tuple[Node, ...]:
    if not hosts and kind is Kind.SERVER:
        return (Node("localhost", PORT),)
    nodes = tuple(_node(each, SENTINEL_PORT if kind is Kind.SENTINEL else PORT) for each in hosts.split(","))
    if kind is Kind.SERVER and len(nodes) > 1:
        raise _wrong("several servers are redis+sentinel:// or redis+cluster://")
    return nodes


def _node(text: str, default: int) -> Node:
    if text.startswith("["):  # IPv6
        host, _, tail = text[1:].partition("]")
        if tail and not tail.startswith(":"):
            raise _wrong("something stands between a host and its port")
        port = tail[1:]
    else:
        host, colon, port = text.partition(":")
        host = host or ("localhost" if colon else "")
    if not host or set(host) & set(" []@"):
        raise _wrong("a host has no name, or one with a character that no host has")
    number = _number(port) if port else default
    if not 0 < number <= LAST_PORT:
        raise _wrong("a port is not from 1 to 65535")
    return Node(host, number)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _wrong("a port or a database is no number")
    return int(text)


def _options(query: str, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the servers and those of the Sentinels."""
    given = parse_qsl(query, keep_blank_values=True)
    sentinel = {_OF_SENTINEL[name]: text for name, text in given if name in _OF_SENTINEL}
    if sentinel and kind is not Kind.SENTINEL:
        raise _wrong("it has an option of Sentinels, and none of them")
    if {name for name, _ in given} - _OPTIONS - _OF_SENTINEL.keys():
        raise _wrong("it has an option that we do not know")
    try:
        parsed = parse_url(f"redis://?{query}")  # what an option's value means is redis-py's to know
    except ValueError:
        raise _wrong("an option has a value that it cannot have") from None
    return {name: value for name, value in parsed.items() if name in _OPTIONS}, sentinel


def _wrong(why: str) -> ConnectionError:
    return ConnectionError(
        f"the address of Redis cannot be read: {why} (a password with / # ? @ or % needs percent-encoding)"
    )
