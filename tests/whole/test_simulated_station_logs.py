"""How the simulated station uploads its logs, on a real socket, and what it says of that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from csms import Link, connected, csms

from ocppdiag_contracts.versions import OcppVersion

V201, V20 = OcppVersion.V201, OcppVersion.V20
each_version = pytest.mark.parametrize("version", list(OcppVersion))
STATUS = "LogStatusNotification"


@asynccontextmanager
async def receiver(status: int = 201) -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """Somewhere to upload to: its address, and what has come, by path."""
    there: dict[str, bytes] = {}

    async def put(request: web.Request) -> web.Response:
        there[request.path] = await request.read()
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", put)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/token/", there
    finally:
        await runner.cleanup()


async def get_log(link: Link, request_id: int, url: str, **more: object) -> Any:  # noqa: ANN401 (JSON)
    return await link.ask(
        "GetLog", requestId=request_id, logType="DiagnosticsLog", log={"remoteLocation": url}, **more
    )


async def ended(link: Link, status: str, request_id: int | None) -> None:
    await link.until(lambda: (status, request_id) in link.log_statuses())


@each_version
async def test_a_log_is_uploaded_after_the_answer(version: OcppVersion) -> None:
    async with csms() as made, receiver() as (url, there), connected(made, version=version) as (_, link):
        answer = await get_log(link, 11, url)
        assert answer == {"status": "Accepted", "filename": "CS-1-DiagnosticsLog.log"}
        await ended(link, "Uploaded", 11)
        assert link.log_statuses() == [("Uploading", 11), ("Uploaded", 11)]
        assert link.order()[-3:] == ["c-1", STATUS, STATUS]
        assert b"power: L1" in there["/token/"]


@pytest.mark.parametrize(
    ("scenario", "version", "expected"),
    [
        ("slow-upload", V201, ["c-3", ("AcceptedCanceled", 11)]),
        ("canceled-early", V201, [("AcceptedCanceled", 11), "c-3"]),
        ("canceled-never", V201, ["c-3"]),
        ("slow-upload", V20, ["c-3"]),
    ],
)
async def test_a_second_log_drops_the_first(
    scenario: str, version: OcppVersion, expected: list[object]
) -> None:
    async with (
        csms() as made,
        receiver() as (url, there),
        connected(made, scenario, version=version, bytes_per_second=200_000) as (_, link),
    ):
        await get_log(link, 11, url + "first/")
        await ended(link, "Uploading", 11)
        trigger = await link.ask("TriggerMessage", requestedMessage="LogStatusNotification")
        assert trigger["status"] == "Accepted"
        await link.until(lambda: link.log_statuses().count(("Uploading", 11)) == 2)
        link.frames.clear()
        answer = await get_log(link, 12, url + "second/")
        assert answer["status"] == "AcceptedCanceled"
        await ended(link, "Uploaded", 12)
        said = [
            (frame[3]["status"], frame[3]["requestId"]) if frame[0] == 2 else frame[1]
            for frame in link.frames
        ]
        assert said == [*expected, ("Uploading", 12), ("Uploaded", 12)]
        assert list(there) == ["/token/second/"]


@pytest.mark.parametrize(
    ("scenario", "answer", "uploaded"),
    [("uploads-both", "Accepted", {11, 12}), ("busy-uploading", "Rejected", {11})],
)
async def test_a_second_log_may_be_treated_otherwise(scenario: str, answer: str, uploaded: set[int]) -> None:
    async with (
        csms() as made,
        receiver() as (url, _),
        connected(made, scenario, bytes_per_second=200_000) as (_, link),
    ):
        await get_log(link, 11, url)
        await ended(link, "Uploading", 11)
        assert (await get_log(link, 12, url))["status"] == answer
        for number in uploaded:
            await ended(link, "Uploaded", number)
        assert {number for status, number in link.log_statuses() if status == "Uploaded"} == uploaded


@pytest.mark.parametrize(
    ("status", "said"), [(403, "PermissionDenied"), (404, "UploadFailure"), (302, "UploadFailure")]
)
async def test_a_receiver_that_refuses_is_reported(status: int, said: str) -> None:
    async with csms() as made, receiver(status) as (url, there), connected(made) as (_, link):
        await get_log(link, 11, url, retries=1, retryInterval=1)
        await link.until(lambda: len(link.log_statuses()) == 4)
        assert link.log_statuses() == [("Uploading", 11), (said, 11)] * 2
        assert set(there) == {"/token/"}, "no redirect is followed"


async def test_a_scheme_that_the_station_does_not_have_is_reported_at_once() -> None:
    async with csms() as made, connected(made) as (_, link):
        assert (await get_log(link, 11, "ftp://u:p@127.0.0.1/", retries=3, retryInterval=1))[
            "status"
        ] == "Accepted"
        await ended(link, "NotSupportedOperation", 11)
        assert link.log_statuses() == [("Uploading", 11), ("NotSupportedOperation", 11)]
