"""The door with a real Redis: what is judged without asking it, what hangs on it, and what changes while somebody comes in."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from edge import basic
from in_redis import KEY
from pydantic import SecretStr
from websockets.datastructures import Headers

from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.caller import Caller
from ocppdiag_gateway.door import Admitted, Door
from ocppdiag_gateway.settings import Settings
from ocppdiag_redis import Credentials, Pipelined

NOWHERE = "redis://127.0.0.1:1/0"
HERE = Caller("192.0.2.1", tls=False, certificate=None)


@pytest.fixture
def name() -> str:
    return f"T-{uuid4().hex[:12]}"


def never(station: str, suspicion: Suspicion, detail: str) -> None:
    raise AssertionError((station, suspicion, detail))


def door(
    credentials: Credentials,
    suspect: Callable[[str, Suspicion, str], None] = never,
    *,
    per_station: float = 100,
    insecure: bool = False,
) -> Door:
    nothing = SecretStr("")
    settings = Settings(
        amqp_url=nothing,
        redis_url=nothing,
        credential_key=SecretStr(KEY.decode()),
        handshakes_per_station=per_station,
        insecure_no_auth=insecure,
    )
    return Door(settings, credentials, suspect)


async def come(at: Door, name: str, password: str | None, offers: str = "ocpp2.0.1") -> Admitted:
    headers = Headers({"Sec-WebSocket-Protocol": offers})
    if password is not None:
        headers.update(basic(name, password))
    return await at.admit(HERE, f"/{name}", headers)


async def refused(at: Door, name: str, password: str | None, offers: str = "ocpp2.0.1") -> int:
    with pytest.raises(RefusedError) as refusal:
        await come(at, name, password, offers)
    return refusal.value.status


async def test_who_is_revoked_while_coming_in_does_not_come_in(credentials: Credentials, name: str) -> None:
    """Between the look at the password and the lease."""
    at = door(credentials)
    admitted = await come(at, name, await credentials.issue(name))
    assert await at.still(admitted)
    await credentials.revoke(name)
    assert not await at.still(admitted)
    assert await refused(at, name, "x" * 32) == 401
    await credentials.issue(name)
    assert not await at.still(admitted)


async def test_a_next_password_is_the_only_one_from_its_first_use(
    credentials: Credentials, name: str
) -> None:
    at = door(credentials)
    old = await credentials.issue(name)
    new = await credentials.rotate(name)
    assert await at.still(await come(at, name, old))
    late = await come(at, name, old)
    assert await at.still(await come(at, name, new))
    assert not await at.still(late)
    assert await refused(at, name, old) == 401
    assert await at.still(await come(at, name, new))


async def test_what_can_be_judged_without_redis_is(name: str) -> None:
    redis = Pipelined.from_url(NOWHERE)
    at = door(Credentials(redis, KEY), per_station=1)
    try:
        assert await refused(at, "%00", "x") == 400
        assert await refused(at, name, "x", "ocpp1.5") == 400
        assert await refused(at, name, None) == 401
        assert await refused(at, name, "x") == 503  # this one would need it
        assert [await refused(at, name, None) for _ in range(2)] == [401, 503]
        at.closed = True
        assert await refused(at, "%00", "x") == 503
    finally:
        await redis.aclose()


async def test_with_redis_gone_a_station_is_asked_to_come_again(name: str) -> None:
    redis = Pipelined.from_url(NOWHERE)
    try:
        with pytest.raises(RefusedError) as refusal:
            await come(door(Credentials(redis, KEY)), name, "x" * 32)
    finally:
        await redis.aclose()
    assert (refusal.value.status, refusal.value.retry_after) == (503, 10)
    assert str(refusal.value) == "Try again soon."


async def test_of_a_station_that_nobody_registered_nothing_is_suspected(
    credentials: Credentials, name: str
) -> None:
    """Else anybody could fill the events with names of his choice."""
    at = door(credentials)
    assert [await refused(at, name, "x" * 32) for _ in range(6)] == [401] * 5 + [429]


async def test_the_fifth_wrong_password_is_told_once(credentials: Credentials, name: str) -> None:
    told: list[tuple[str, Suspicion, str]] = []
    at = door(credentials, lambda *what: told.append(what))
    password = await credentials.issue(name)
    assert [await refused(at, name, "x" * 32) for _ in range(7)] == [401] * 5 + [429] * 2
    assert told == [(name, Suspicion.WRONG_PASSWORD, "a wrong password, from 192.0.2.1")]
    assert await refused(at, name, password) == 429


async def test_without_authentication_anybody_is_any_station_and_only_then(
    credentials: Credentials, name: str
) -> None:
    at = door(credentials, insecure=True)
    assert await at.still(await come(at, name, None))
    assert await at.still(await come(at, name, "whatever"))
    assert await refused(at, "%00", None) == 400
    assert await refused(door(credentials), name, None) == 401
