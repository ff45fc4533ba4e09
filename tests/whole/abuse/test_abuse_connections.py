"""Who is not let in at the websocket door, and what that costs everybody else: nothing."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from edge import Edge, basic, edge
from outages import until

from ocppdiag_local.services import Services


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door(services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with edge(services, tmp_path_factory.mktemp("door")) as made:
        yield made


async def left_no_trace(door: Edge, name: str) -> bool:
    """Neither a lease nor anything that workers have heard of it."""
    return await door.made.directory.find(name) is None and not door.made.said("session_opened", station=name)


@pytest.mark.abuse(
    "1 no Authorization header", "401, no lease, nothing told to the workers, a line in the log"
)
async def test_who_shows_nothing_is_refused_without_a_look_at_the_registrations(
    door: Edge, name: str
) -> None:
    await door.made.password(name)
    answer = await door.knock(f"/{name}")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert await left_no_trace(door, name)
    assert door.refused(name) == ["neither a password nor a certificate"]


@pytest.mark.abuse("2 the user is not the identity of the path", "401")
async def test_the_password_of_one_station_does_not_open_the_path_of_another(door: Edge, name: str) -> None:
    other = f"{name}-other"
    password = await door.made.password(name)
    await door.made.password(other)
    assert (await door.knock(f"/{other}", basic(name, password))).status == 401
    assert (await door.knock(f"/{other}", basic(other, password))).status == 401
    assert (await door.knock(f"/{name}", basic(name, password))).status == 101
    assert await left_no_trace(door, other)
    assert door.refused(other) == ["the user is not the station", "a wrong password"]


@pytest.mark.abuse(
    "3 twenty wrong passwords",
    "five times 401, then 429 with Retry-After at this address, and `station_suspected`; other stations, and this one "
    "from elsewhere, come in",
)
async def test_five_wrong_passwords_a_minute_are_all_that_anybody_can_try(door: Edge, name: str) -> None:
    password = await door.made.password(name)
    statuses = []
    async with door.suspicions(name) as told:
        for number in range(20):
            answer = await door.knock(f"/{name}", basic(name, f"wrong-{number}"))
            statuses.append(answer.status)
            if answer.status == 429:
                assert 0 < int(answer.headers["retry-after"]) <= 60
            await asyncio.sleep(0.25)
        last = [number for number, status in enumerate(statuses) if status == 401][-1]
        assert statuses.count(401) == 5
        assert set(statuses[:last]) <= {401, 503}
        assert set(statuses[last + 1 :]) == {429}
        assert (await door.knock(f"/{name}", basic(name, password))).status == 429
        assert (await door.knock(f"/{name}", basic(name, password), address="127.0.0.2")).status == 101
        other = await door.made.password(f"{name}-other")
        assert (await door.knock(f"/{name}-other", basic(f"{name}-other", other))).status == 101
    assert told == ["wrong_password: a wrong password, from 127.0.0.1"]
    assert password not in door.made.everything_said()
    assert "wrong-4" not in door.made.everything_said()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a%2Fb",
        "/..",
        "/%2e%2e",
        "/a%00b",
        "/a%0d%0aX-Evil:%201",
        "/%23",
        "/a%3Ab",
        "/{}",
        "/%7B0%7D",
        "/" + "a" * 300,
        "/%D0%90BC",
        "/%ff",
        "/%",
        "/%0a%7B%22event%22%3A%22ready%22%7D",
    ],
)
@pytest.mark.abuse(
    "8 an impossible identity", "400, and nothing of it is in a routing key, in Redis or in the log"
)
async def test_an_identity_that_none_can_have_goes_no_further(door: Edge, path: str) -> None:
    said = len(door.made.said("upgrade_refused", status=400))
    keys = await door.made.redis.run("KEYS", "*")
    assert (await door.knock(path, basic("a", "b"))).status == 400
    await until(lambda: len(door.made.said("upgrade_refused", status=400)) > said)
    assert set(await door.made.redis.run("KEYS", "*")) <= set(keys)
    (line,) = door.made.said("upgrade_refused", status=400)[said:]
    assert line["station"] is None
    assert path == "/" or path[1:] not in json.dumps(line)


@pytest.mark.parametrize("offers", [None, "", "ocpp1.5", "ocpp2.0.1x", "OCPP2.0.1", "ocpp2.0.1;q=1"])
@pytest.mark.abuse("9 no subprotocol, or none that is spoken here", "400, no upgrade")
async def test_without_a_common_subprotocol_there_is_no_upgrade(
    door: Edge, name: str, offers: str | None
) -> None:
    headers = basic(name, await door.made.password(name))
    assert (await door.knock(f"/{name}", headers, offers=offers)).status == 400
    assert await left_no_trace(door, name)


async def test_a_door_is_no_harder_for_a_client_that_is_not_ours(door: Edge, name: str) -> None:
    """And health asks nobody who they are."""
    headers = basic(name, await door.made.password(name))
    url = f"http://127.0.0.1:{door.plain_port}"
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{url}/{name}", headers=headers, protocols=["ocpp2.0.1"]) as socket:
            await socket.send_str('[2,"1","Heartbeat",{}]')
            assert (await socket.receive_json(timeout=10))[:2] == [3, "1"]
        async with session.get(f"{url}/health") as response:
            assert response.status == 200
