"""A station that we did not write: ChargePoint of the PyPI package `ocpp`, uploading with the standard library."""

import asyncio
import http.client
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol


class IndependentStation(ChargePoint):  # type: ignore[misc]  # untyped
    """Answers GetLog and puts `log` where it is told, or there at several doors at once."""

    def __init__(self, identity: str, connection: object, log: bytes, doors: tuple[str, ...] = ()) -> None:
        super().__init__(identity, connection)
        self.log = log
        self.doors = doors
        self.statuses: list[int] = []
        self.answers: list[object] = []

    @on("GetLog")  # type: ignore[untyped-decorator]
    async def on_get_log(self, **_: object) -> call_result.GetLog:
        return call_result.GetLog(status="Accepted", filename="independent.log")

    @after("GetLog")  # type: ignore[untyped-decorator]
    async def after_get_log(self, log: dict[str, Any], request_id: int, **_: object) -> None:
        await self.report("Uploading", request_id)
        told = log["remote_location"]
        addresses = [door + urlsplit(told).path for door in self.doors] or [told]
        self.statuses = await asyncio.gather(
            *(asyncio.to_thread(put, address, self.log) for address in addresses)
        )
        stored = {HTTPStatus.OK, HTTPStatus.CREATED} & {*self.statuses}
        await self.report("Uploaded" if stored else "UploadFailure", request_id)

    async def report(self, status: str, request_id: int) -> None:
        self.answers.append(await self.call(call.LogStatusNotification(status=status, request_id=request_id)))

    async def boot(self) -> call_result.BootNotification:
        return await self.call(
            call.BootNotification(
                charging_station={"model": "Independent", "vendor_name": "Somebody"}, reason="PowerUp"
            )
        )


def put(url: str, body: bytes) -> int:
    """An HTTP PUT with nothing of ours in it."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(
            "PUT",
            urlunsplit(("", "", parts.path, parts.query, "")),
            body,
            {"Content-Type": "application/octet-stream"},
        )
        return connection.getresponse().status
    finally:
        connection.close()


@asynccontextmanager
async def independent_station(
    gateway_url: str, identity: str, password: str, log: bytes, doors: tuple[str, ...] = ()
) -> AsyncIterator[IndependentStation]:
    basic = b64encode(f"{identity}:{password}".encode()).decode()
    async with connect(
        f"{gateway_url}/{quote(identity, safe='')}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        additional_headers={"Authorization": f"Basic {basic}"},
    ) as socket:
        station = IndependentStation(identity, socket, log, doors)
        reading = asyncio.create_task(station.start())
        try:
            yield station
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
