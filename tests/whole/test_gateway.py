"""The gateway's door and its manners, by a websocket client that has nothing of ours in it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aio_pika
import aiohttp
import pytest
from installation import Installation
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from ocppdiag_contracts.events import StationConnected, StationDisconnected
from ocppdiag_local.services import Services


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


@asynccontextmanager
async def raw(installation: Installation, name: str) -> AsyncIterator[ClientConnection]:
    headers = basic(name, await installation.password(name))
    url = f"{installation.running.gateway_url}/ocpp/{quote(name, safe='')}"
    async with connect(url, subprotocols=[Subprotocol("ocpp2.0.1")], additional_headers=headers) as socket:
        yield socket


async def exchange(socket: ClientConnection, frame: str | bytes) -> list[object]:
    await socket.send(frame)
    answer: list[object] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return answer


async def status(installation: Installation, path: str, headers: dict[str, str], offers: str | None) -> int:
    if offers is not None:
        headers = {**headers, "Sec-WebSocket-Protocol": offers}
    try:
        async with connect(f"{installation.running.gateway_url}{path}", additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_the_right_password_and_no_other_opens_the_door(installation: Installation, name: str) -> None:
    password = await installation.password(name)
    assert await status(installation, f"/{name}", basic(name, password + "x"), "ocpp2.0.1") == 401
    assert await status(installation, f"/{name}", basic(f"{name}Invalid", password), "ocpp2.0.1") == 401
    assert (
        await status(installation, f"/{name}-unknown", basic(f"{name}-unknown", password), "ocpp2.0.1") == 401
    )
    assert await status(installation, f"/{name}", {}, "ocpp2.0.1") == 401
    assert await status(installation, f"/{name}", {"Authorization": "Basic %%%"}, "ocpp2.0.1") == 401
    assert await status(installation, f"/{name}", {"Authorization": "Bearer abc"}, "ocpp2.0.1") == 401
    assert password not in installation.everything_said()
    async with raw(installation, name) as socket:
        assert socket.subprotocol == "ocpp2.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a%2Fb",
        "/..",
        "/%2e%2e",
        "/a%00b",
        "/a%0d%0ab",
        "/%23",
        "/%7Bx%7D",
        "/" + "a" * 49,
        "/%D0%90",
        "/%ff",
    ],
)
async def test_an_impossible_identity_is_refused(installation: Installation, path: str) -> None:
    assert await status(installation, path, basic("a", "b"), "ocpp2.0.1") == 400


async def test_an_address_with_a_double_slash_is_the_same(installation: Installation, name: str) -> None:
    headers = basic(name, await installation.password(name))
    for path in (f"//{name}", f"/x//{name}/?a=b"):
        url = f"{installation.running.gateway_url}{path}"
        async with connect(
            url, subprotocols=[Subprotocol("ocpp2.0.1")], additional_headers=headers
        ) as socket:
            assert (await exchange(socket, '[2,"1","Heartbeat",{}]'))[:2] == [3, "1"]
    assert await status(installation, "//[", headers, "ocpp2.0.1") == 400


async def test_a_station_that_floods_and_goes_is_gone_at_once(
    installation: Installation, services: Services, name: str
) -> None:
    """With nobody to answer: its own gateway, on an action that a silent queue has claimed."""
    connection = await aio_pika.connect(services.amqp_url)
    async with connection:
        channel = await connection.channel()
        silent = await channel.declare_queue(exclusive=True)
        await silent.bind("ocppdiag.station", "call.Authorize.0")
        async with raw(installation, name) as socket:
            for number in range(40):
                await socket.send(f'[2,"{number}","Authorize",{{}}]')
            refused = [json.loads(await asyncio.wait_for(socket.recv(), 10)) for _ in range(24)]
            assert {(frame[0], frame[2]) for frame in refused} == {(4, "GenericError")}
        for _ in range(50):
            if await installation.directory.find(name) is None:
                break
            await asyncio.sleep(0.1)
        assert await installation.directory.find(name) is None


async def test_the_upgrade_needs_a_common_subprotocol(installation: Installation, name: str) -> None:
    headers = basic(name, await installation.password(name))
    assert await status(installation, f"/{name}", headers, None) == 400
    assert await status(installation, f"/{name}", headers, "ocpp0.1") == 400
    async with connect(
        f"{installation.running.gateway_url}/{name}",
        subprotocols=[Subprotocol("ocpp0.1"), Subprotocol("ocpp2.0.1")],
        additional_headers=headers,
    ) as socket:
        assert socket.subprotocol == "ocpp2.0.1"


async def test_an_identity_with_a_space_and_a_star_is_decoded_once(
    installation: Installation, name: str
) -> None:
    async with raw(installation, f"DE*{name} 1") as socket:
        answer = await exchange(socket, '[2,"1","Heartbeat",{}]')
    assert answer[:2] == [3, "1"]


@pytest.mark.parametrize(
    ("garbage", "answer"),
    [
        ("not json", [4, "-1", "RpcFrameworkError"]),
        ('{"not":"an array"}', [4, "-1", "RpcFrameworkError"]),
        ("[2]", [4, "-1", "RpcFrameworkError"]),
        ('[2,"7"]', [4, "7", "RpcFrameworkError"]),
        ('[2,"7","Heartbeat",{},1]', [4, "7", "RpcFrameworkError"]),
        ('[2,"7",42,{}]', [4, "7", "RpcFrameworkError"]),
        ('[2,"7","Heart.beat#",{}]', [4, "7", "NotImplemented"]),
        ('[2,"7","Heartbeat",[]]', [4, "7", "ProtocolError"]),
        ('[9,"7",{}]', [4, "7", "MessageTypeNotSupported"]),
        ('[6,"7","NotifyPeriodicEventStream",{}]', [4, "7", "MessageTypeNotSupported"]),
        (b'[2,"7","Heartbeat",{}]', [4, "-1", "RpcFrameworkError"]),
        ('[2,"7","DataTransfer",{"vendorId":"x"}]', [4, "7", "NotImplemented"]),
        ('[2,"7","GetLog",{}]', [4, "7", "NotImplemented"]),
        ('[2,"7","LogStatusNotification",{"requestId":1}]', [4, "7", "OccurrenceConstraintViolation"]),
        (
            '[2,"7","LogStatusNotification",{"status":7,"requestId":1}]',
            [4, "7", "PropertyConstraintViolation"],
        ),
        (
            '[2,"7","LogStatusNotification",{"status":"Dancing","requestId":1}]',
            [4, "7", "PropertyConstraintViolation"],
        ),
    ],
)
async def test_garbage_is_answered_as_ocpp_says_and_the_link_stays(
    installation: Installation, name: str, garbage: str | bytes, answer: list[object]
) -> None:
    async with raw(installation, name) as socket:
        got = await exchange(socket, garbage)
        assert got[:3] == answer
        assert len(got) == 5
        assert (await exchange(socket, '[2,"8","Heartbeat",{}]'))[:2] == [3, "8"]


@pytest.mark.parametrize("stray", ['[3,"nobody-asked",{}]', '[4,"nobody-asked","X","",{}]', '[4,"-1","X"]'])
async def test_a_stray_answer_is_not_answered(installation: Installation, name: str, stray: str) -> None:
    async with raw(installation, name) as socket:
        await socket.send(stray)
        assert (await exchange(socket, '[2,"8","Heartbeat",{}]'))[:2] == [3, "8"]


@pytest.mark.parametrize(
    "payload", ['{"status":"Idle"}', '{"status":"Idle","requestId":0}', '{"status":"Uploading","requestId":0}',
                '{"status":"Uploaded","requestId":2147483647,"customData":{"vendorId":"v"}}',
                '{"status":"uploading","requestId":"5","extra":null}']
)  # fmt: skip
async def test_a_log_status_is_thanked_whatever_its_request(
    installation: Installation, name: str, payload: str
) -> None:
    async with raw(installation, name) as socket:
        assert await exchange(socket, f'[2,"1","LogStatusNotification",{payload}]') == [3, "1", {}]


@pytest.mark.abuse("13 malformed frames without a pause", "each answered, the link stays, others unharmed")
async def test_hundreds_of_frames_of_garbage_harm_nobody(installation: Installation, name: str) -> None:
    async with raw(installation, name) as bad, raw(installation, f"{name}-good") as good:
        for number in range(900):
            await bad.send("[" * (number % 50) + "x")
        for number in range(20):
            assert (await exchange(good, f'[2,"{number}","Heartbeat",{{}}]'))[:2] == [3, str(number)]
        for _ in range(900):
            assert json.loads(await asyncio.wait_for(bad.recv(), 10))[1] == "-1"


async def test_an_oversized_frame_closes_its_own_connection_only(
    installation: Installation, name: str
) -> None:
    async with raw(installation, name) as bad, raw(installation, f"{name}-good") as good:
        await bad.send("x" * (2**20 + 1))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(bad.recv(), 10)
        assert bad.close_code == 1009
        assert (await exchange(good, '[2,"1","Heartbeat",{}]'))[:2] == [3, "1"]


async def test_the_newest_connection_wins_and_the_old_ones_end_changes_nothing(
    installation: Installation, name: str
) -> None:
    async with raw(installation, name) as old:
        assert (await exchange(old, '[2,"1","Heartbeat",{}]'))[:2] == [3, "1"]
        async with raw(installation, name) as new:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(old.recv(), 10)
            assert old.close_code == 4001
            assert (await exchange(new, '[2,"1","Heartbeat",{}]'))[:2] == [3, "1"]
            lease = await installation.directory.find(name)
            assert lease is not None
    await asyncio.sleep(0.5)
    assert await installation.directory.find(name) is None


async def test_coming_and_going_is_told(installation: Installation, name: str) -> None:
    heard = []
    async with installation.diagnostics() as diagnostics:
        events = diagnostics.watch(f"station_connected.{name}", f"station_disconnected.{name}")
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        async with raw(installation, name):
            heard.append(await asyncio.wait_for(first, 10))
        heard.append(await asyncio.wait_for(anext(events), 10))
        await events.aclose()
    assert isinstance(heard[0], StationConnected)
    assert isinstance(heard[1], StationDisconnected)
    assert heard[1].code == 1000


async def test_health_needs_no_upgrade(installation: Installation) -> None:
    url = installation.running.gateway_url.replace("ws://", "http://")
    async with aiohttp.ClientSession() as session, session.get(f"{url}/health") as response:
        assert response.status == 200
