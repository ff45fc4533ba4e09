"""Stations at the gateway of an installation by other means than ours: aiohttp's websocket, and one written by hand."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from installation import Installation
from raw_socket import RawSocket, raw_socket


@asynccontextmanager
async def raw(installation: Installation, name: str, extensions: str = "") -> AsyncIterator[RawSocket]:
    password = await installation.password(name)
    async with raw_socket(
        installation.running.gateway_url, name, password, extensions=extensions, limit=2**22
    ) as socket:
        assert socket.head.startswith("HTTP/1.1 101 "), socket.head
        yield socket


@asynccontextmanager
async def independent(
    installation: Installation, name: str, compress: int = 0
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A websocket of a client library that the gateway does not use."""
    password = await installation.password(name)
    basic = b64encode(f"{name}:{password}".encode()).decode()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"{installation.running.gateway_url}/{name}",
            protocols=["ocpp2.0.1"],
            headers={"Authorization": f"Basic {basic}"},
            compress=compress,
        ) as socket,
    ):
        yield socket


async def exchange(socket: aiohttp.ClientWebSocketResponse, text: str) -> list[Any]:
    await socket.send_str(text)
    answer: list[Any] = await socket.receive_json(timeout=10)
    return answer


async def answers(socket: aiohttp.ClientWebSocketResponse, message_id: str = "still-here") -> None:
    got = await exchange(socket, json.dumps([2, message_id, "Heartbeat", {}]))
    assert got[:2] == [3, message_id]


async def refused(made: Installation, name: str) -> None:
    """Come with a wrong password."""
    url = made.running.gateway_url.replace("ws://", "http://")
    headers = {"Authorization": f"Basic {b64encode(f'{name}:wrong-password-7'.encode()).decode()}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{url}/{name}", protocols=["ocpp2.0.1"])
