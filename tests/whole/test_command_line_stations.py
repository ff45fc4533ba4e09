"""An engineer at a terminal lets stations in, gives them new passwords, and shuts them out, at a running gateway."""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from engineer import Environment, both, environment, ocppdiag
from installation import Installation
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from ocppdiag_contracts.versions import OcppVersion

ENDS_WITHIN = 15
"""A gateway renews its leases every 10 s."""


@pytest.fixture
def terminal(installation: Installation) -> Environment:
    """It knows the installation's Redis and key, and nothing is served on its machine."""
    return {
        **environment(installation.logs / "nothing"),
        "OCPPDIAG_REDIS_URL": installation.services.redis_url,
        "OCPPDIAG_CREDENTIAL_KEY": installation.keys.credential_key,
    }


async def at(terminal: Environment, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What `ocppdiag station ...` prints, and what it complains of."""
    return await asyncio.to_thread(both, terminal, "station", *arguments, code=code)


async def password_of(terminal: Environment, *arguments: str) -> str:
    """The password that is the whole of what is printed."""
    said, complaint = await at(terminal, *arguments)
    assert re.fullmatch(r"[\w-]{32}\n", said, re.ASCII), said
    assert said.strip() not in complaint
    return said.strip()


@asynccontextmanager
async def connected(installation: Installation, name: str, password: str) -> AsyncIterator[ClientConnection]:
    basic = b64encode(f"{name}:{password}".encode()).decode()
    async with connect(
        f"{installation.running.gateway_url}/{name}",
        subprotocols=[Subprotocol(OcppVersion.V201)],
        additional_headers={"Authorization": f"Basic {basic}"},
    ) as socket:
        yield socket


async def let_in(installation: Installation, name: str, password: str) -> bool:
    """Whether a station comes in; a moment later, because one of a second is what a gateway asks of each."""
    await asyncio.sleep(1)
    try:
        async with connected(installation, name, password) as socket:
            # A frame that is answered: the login is over.
            await socket.send(json.dumps([2, "1", "Heartbeat", {}]))
            return bool(json.loads(await asyncio.wait_for(socket.recv(), 15))[1] == "1")
    except InvalidStatus as refused:
        if refused.response.status_code != HTTPStatus.UNAUTHORIZED:
            raise
        return False


async def told_to_go(socket: ClientConnection) -> None:
    await asyncio.wait_for(socket.wait_closed(), ENDS_WITHIN)
    assert socket.close_code == 4001


async def row(terminal: Environment, name: str) -> dict[str, object] | None:
    listed, _ = await at(terminal, "list", "--json")
    rows = {each["station"]: each for each in map(json.loads, listed.splitlines())}
    assert list(rows) == sorted(rows)
    found: dict[str, object] | None = rows.get(name)
    return found


async def test_a_station_is_added_gets_a_new_password_and_is_shut_out(
    installation: Installation, terminal: Environment, name: str
) -> None:
    assert await row(terminal, name) is None
    old = await password_of(terminal, "add", name)
    added = await row(terminal, name)
    assert added
    assert {**added, "since": "then"} == {
        "station": name,
        "profile": 1,
        "serial": None,
        "since": "then",
        "rotating": False,
    }
    assert await let_in(installation, name, old)
    assert not await let_in(installation, name, old[::-1])

    new = await password_of(terminal, "rotate", name)
    rotating = await row(terminal, name)
    assert rotating
    assert rotating["rotating"] is True
    assert str(rotating["since"]) > str(added["since"])
    table, _ = await at(terminal, "list")
    assert re.search(rf"{name} .*rotating", table)
    assert await let_in(installation, name, old)
    assert await let_in(installation, name, new)
    assert not await let_in(installation, name, old)
    settled = await row(terminal, name)
    assert settled
    assert settled["rotating"] is False

    await asyncio.sleep(1)
    async with connected(installation, name, new) as socket:
        said, _ = await at(terminal, "revoke", name)
        assert said == f"{name} is not let in any more\n"
        await told_to_go(socket)
    assert not await let_in(installation, name, new)
    assert await row(terminal, name) is None
    assert not any(password in installation.everything_said() for password in (old, new))


async def test_to_add_a_station_again_ends_its_connection_and_its_old_password(
    installation: Installation, terminal: Environment, name: str
) -> None:
    old = await password_of(terminal, "add", name)
    async with connected(installation, name, old) as socket:
        said, complaint = await at(terminal, "add", name)
        assert complaint == f"{name} was registered before: that counts no more\n"
        await told_to_go(socket)
    assert not await let_in(installation, name, old)
    assert await let_in(installation, name, said.strip())
    again, _ = await at(terminal, "add", name, "--profile", "2")
    assert not await let_in(installation, name, again.strip()), "this gateway speaks without TLS"


async def test_a_station_with_a_certificate_has_no_password(
    installation: Installation, terminal: Environment, name: str
) -> None:
    said, complaint = await at(terminal, "add", name, "--profile", "3", "--serial", "SN-0815")
    assert said == ""
    assert (
        complaint == f"{name} needs no password: it comes with a certificate whose common name is SN-0815\n"
    )
    found = await row(terminal, name)
    assert found
    assert (found["profile"], found["serial"]) == (3, "SN-0815")
    said, complaint = await at(terminal, "rotate", name, code=1)
    assert (said, complaint) == ("", f"{name} has a certificate (profile 3), and no password to rotate\n")
    assert not await let_in(installation, name, "")
    _, complaint = await at(terminal, "add", name, "--profile", "3")
    assert f"common name is {name}" in complaint


async def test_what_cannot_be_is_said_in_words(terminal: Environment, name: str) -> None:
    for use in ("rotate", "revoke"):
        assert await at(terminal, use, name, code=1) == ("", f"{name} is not registered\n")
    await password_of(terminal, "add", name)
    said, complaint = await at(terminal, "add", name.lower(), code=1)
    assert said == ""
    assert complaint == f"{name} is registered, which differs from {name.lower()} only in case\n"


def test_a_redis_that_cannot_be_reached_has_its_own_exit_status(terminal: Environment) -> None:
    for use in (("list",), ("add", "CS-1")):
        nobody = ("station", *use, "--redis-url", "redis://127.0.0.1:1/")
        assert "cannot reach Redis" in ocppdiag(terminal, *nobody, code=3)
    unreadable = ocppdiag(terminal, "station", "list", "--redis-url", "redis://:hunter/2@127.0.0.1/", code=3)
    assert "the address of Redis cannot be read" in unreadable
    assert "hunter" not in unreadable
