"""Addresses of Redis: each kind is read as it was written, and a wrong one is one sentence that tells no secret."""

import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_redis.address import Address, Kind, Node, read_address

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?", fullmatch=True)
hosts = names | st.ip_addresses().map(str)
nodes = st.lists(st.builds(Node, hosts, st.integers(1, 65535)), min_size=1, max_size=4)
nothing = st.just("")
CANARY = "canary"


def written(node: Node) -> str:
    return f"[{node.host}]:{node.port}" if ":" in node.host else f"{node.host}:{node.port}"


@given(st.data(), st.sampled_from(Kind), nodes)
def test_an_address_is_read_as_it_was_written(data: st.DataObject, kind: Kind, there: list[Node]) -> None:
    there = there[:1] if kind is Kind.SERVER else there
    db = 0 if kind is Kind.CLUSTER else data.draw(st.integers(0, 99))
    tls, service = data.draw(st.booleans()), data.draw(texts)
    credentials = {"username": data.draw(nothing | texts), "password": data.draw(nothing | texts)}
    scheme = kind.value.replace("redis", "rediss") if tls else kind.value
    userinfo = ":".join(quote(text, safe="") for text in credentials.values())
    path = f"{quote(service, safe='')}/{db}" if kind is Kind.SENTINEL else str(db)
    read = read_address(f"{scheme}://{userinfo}@{','.join(map(written, there))}/{path}")
    options = {name: text for name, text in credentials.items() if text}
    assert (read.kind, read.nodes, read.tls) == (kind, tuple(there), tls)
    assert read.service == (service if kind is Kind.SENTINEL else "")
    assert read.options == (options if kind is Kind.CLUSTER else options | {"db": db})


def outcome(url: str) -> Address | ConnectionError:
    try:
        return read_address(url)
    except ConnectionError as error:
        return error


@given(st.text(max_size=60) | st.from_regex(r"rediss?(\+sentinel|\+cluster)?://.{0,40}", fullmatch=True))
def test_whatever_else_it_is_it_is_an_address_or_one_error(text: str) -> None:
    read = outcome(text)
    assert isinstance(read, Address) or str(read).startswith("the address of Redis cannot be read: ")


@given(st.sampled_from(Kind), st.text(max_size=8), st.text(max_size=8), st.text(max_size=20))
def test_nothing_of_a_password_is_told(kind: Kind, before: str, after: str, tail: str) -> None:
    read = outcome(f"{kind.value}://user:{before}{CANARY}{after}@host{tail}")
    if isinstance(read, ConnectionError):
        assert CANARY not in "".join(traceback.format_exception(read))
    elif CANARY in read.options.get("password", ""):
        assert CANARY not in repr(read)


@pytest.mark.parametrize(
    ("url", "nodes", "options"),
    [
        ("redis://", [("localhost", 6379)], {}),
        ("redis://:6380", [("localhost", 6380)], {}),
        ("redis://h/3?client_name=us", [("h", 6379)], {"db": 3, "client_name": "us"}),
        ("redis://h?socket_timeout=2.5", [("h", 6379)], {"socket_timeout": 2.5}),
        ("rediss://h?ssl_check_hostname=false", [("h", 6379)], {"ssl_check_hostname": False}),
        ("redis+cluster://a,b:7000/", [("a", 6379), ("b", 7000)], {}),
        ("redis+sentinel://a,[::1],c:1/main", [("a", 26379), ("::1", 26379), ("c", 1)], {}),
        ("redis://u%40x:p%2F%23@h", [("h", 6379)], {"username": "u@x", "password": "p/#"}),
    ],
)
def test_what_is_left_out_is_as_usual(
    url: str, nodes: list[tuple[str, int]], options: dict[str, object]
) -> None:
    read = read_address(url)
    assert (list(read.nodes), read.options) == (nodes, options)


def test_sentinels_have_a_password_of_their_own_and_the_same_certificates() -> None:
    read = read_address(
        "rediss+sentinel://u:p@s/main/2?sentinel_username=v&sentinel_password=q&ssl_ca_certs=/ca.pem"
    )
    assert read.options == {"username": "u", "password": "p", "db": 2, "ssl_ca_certs": "/ca.pem"}
    assert read.sentinel_options == {"username": "v", "password": "q", "ssl_ca_certs": "/ca.pem"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("amqp://h", "begins with none of redis://, rediss://, redis+sentinel://"),
        ("h:6379", "begins with none"),
        ("redis://a,b", "several servers"),
        ("redis+sentinel://a,b", "does not name the service"),
        ("redis+sentinel://a,b/?db=1", "does not name the service"),
        ("redis+sentinel://a,,b/main", "a host has no name"),
        ("redis+sentinel://a,b/main/x", "no number"),
        ("redis+cluster://a/1", "database 0 only"),
        ("redis+cluster://a?db=1", "database 0 only"),
        ("redis+cluster:///", "a host has no name"),
        ("redis://h:0", "from 1 to 65535"),
        ("redis://h:65536", "from 1 to 65535"),
        ("redis://h:٣", "no number"),
        ("redis://h/a", "no number"),
        ("redis://[::1]6379", "between a host and its port"),
        ("redis://h?sentinel_password=x", "option of Sentinels"),
        ("redis://h?passwort=x", "an option that we do not know"),
        ("redis://h?socket_timeout=x", "a value that it cannot have"),
        ("redis://h?ssl_ca_certs=/ca.pem", "does not begin with rediss://"),
        ("redis+sentinel://h/main?ssl_cert_reqs=none", "does not begin with rediss+sentinel://"),
        ("redis://:a#b@h", "a #"),
        ("redis://:hunter/2@h", "no number"),
    ],
)
def test_a_wrong_address_says_why(url: str, why: str) -> None:
    with pytest.raises(ConnectionError, match="cannot be read") as caught:
        read_address(url)
    assert why in str(caught.value)
